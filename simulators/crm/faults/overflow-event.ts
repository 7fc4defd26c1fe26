import { defineFault } from '#kernel';

export const overflowEvent = defineFault({
  name: 'overflow-event',
  family: 'notification',
  doc: 'In place of a change event comes an overflow event: it says that records of the object have changed, and neither which nor how (Change Data Capture Developer Guide, "Overflow Events").',
  params: {},
  operations: /^event$/,
  applies: ({ path }) => path?.startsWith('/data/') === true,
  hooks: {
    notify: ({ outgoing }) => {
      if (!outgoing) return;
      const event = JSON.parse(outgoing.bytes.toString());
      const { ChangeEventHeader: header } = event.payload;
      const recordIds = [`${String(header.recordIds[0]).slice(0, 3)}*`];
      event.payload = { ChangeEventHeader: { ...header, changeType: 'GAP_OVERFLOW', changedFields: [], recordIds } };
      outgoing.bytes = Buffer.from(JSON.stringify(event));
    },
  },
  colour: '#115e59',
});
