import { defineFault } from '#kernel';

interface ChangeEvent {
  payload: { ChangeEventHeader: { changeType: string; changedFields: string[] }; LastModifiedDate?: string };
}

export const gapEvent = defineFault({
  name: 'gap-event',
  family: 'notification',
  doc: 'In place of a change event comes a gap event: it names the record and says what was done to it, and not what changed (Change Data Capture Developer Guide, "Gap Events").',
  params: {},
  operations: /^event$/,
  applies: ({ path, outgoing }) => path?.startsWith('/data/') === true && !outgoing?.bytes.includes('"changeType":"GAP_'),
  hooks: {
    notify: ({ outgoing }) => {
      if (!outgoing) return;
      const event = JSON.parse(outgoing.bytes.toString()) as ChangeEvent;
      const { ChangeEventHeader: header, LastModifiedDate } = event.payload;
      const told = { ...header, changeType: `GAP_${header.changeType}`, changedFields: [] };
      event.payload = { ...(LastModifiedDate ? { LastModifiedDate } : {}), ChangeEventHeader: told };
      outgoing.bytes = Buffer.from(JSON.stringify(event));
    },
  },
  colour: '#0f766e',
});
