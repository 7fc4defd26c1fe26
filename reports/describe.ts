import type { JournalEvent, RecordRef } from '#kernel';
import { clip } from './markup.ts';

/** `Patient/eAbC…9xYz v2`: ids longer than 12 characters keep their ends, where vendors' ids differ. */
export function shortRef(ref: RecordRef): string {
  const id = ref.id.length > 12 ? `${ref.id.slice(0, 4)}…${ref.id.slice(-4)}` : ref.id;
  return `${ref.type}/${id} v${ref.version}`;
}

const text = (value: unknown): string =>
  value === undefined || value === null ? 'nothing' : typeof value === 'object' ? JSON.stringify(value) : String(value);

// Versions and change dates move with every write and say nothing about it.
const BOOKKEEPING = new Set(['meta', 'id', 'Id', 'resourceType', 'SystemModstamp', 'LastModifiedDate', 'CreatedDate']);

/** What a commit changed, one entry per field: `MobilePhone: +12125550143 → +12125550199`. */
export function changes(event: JournalEvent): string[] {
  return (event.after ?? []).flatMap((after, i) => {
    const was = (event.before?.[i] ?? {}) as Record<string, unknown>;
    const is = (after ?? {}) as Record<string, unknown>;
    return [...new Set([...Object.keys(was), ...Object.keys(is)])]
      .filter((key) => !BOOKKEEPING.has(key) && JSON.stringify(was[key] ?? null) !== JSON.stringify(is[key] ?? null))
      .map((key) => `${key}: ${event.before?.[i] ? `${clip(text(was[key]), 120)} → ` : ''}${clip(text(is[key]), 120)}`);
  });
}

const decoded = (url: string): string => {
  try {
    return decodeURIComponent(url.replaceAll('+', ' '));
  } catch {
    return url;
  }
};

const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;

/** One event in a few words, and in full for whoever wants to know. Shapes of `data`: see the kernel's journal. */
export function describe(event: JournalEvent): { text: string; detail: string } {
  const data = event.data ?? {};
  const word = (key: string): string => (data[key] === undefined ? '' : String(data[key]));
  const refs = (event.records ?? []).map(shortRef);
  switch (event.kind) {
    case 'request': {
      const body = word('body');
      const detail = [`${word('method')} ${decoded(word('url'))}`, clip(body, 600)].filter(Boolean).join('\n');
      return { text: [word('method'), word('operation'), word('type')].filter(Boolean).join(' '), detail };
    }
    case 'reply': {
      if (data.severed) return { text: `no reply (${word('severed')})`, detail: 'the connection ended before an answer' };
      const served = (event.served ?? []).map(shortRef);
      const shown = served.length > 2 ? plural(served.length, 'record') : served.join(', ');
      return { text: `${word('status')}${shown ? ` shows ${shown}` : ''}`, detail: served.join('\n') };
    }
    case 'message': {
      const again = [Number(data.attempt) > 1 && `attempt ${word('attempt')}`, Number(data.copy) > 1 && `copy ${word('copy')}`];
      const extra = [...again, data.dropped && 'dropped'].filter(Boolean).join(', ');
      const name = word('message') || word('type') || 'message';
      return { text: `${name} #${word('control')}${extra ? ` (${extra})` : ''}`, detail: word('text') };
    }
    case 'ack': {
      const code = word('code');
      const outcome = word('outcome');
      const said = !code ? `no ack (${outcome})` : outcome === 'positive' ? code : `${code} (${outcome})`;
      return { text: said, detail: word('text') };
    }
    case 'commit': {
      const what = refs.length > 2 ? plural(refs.length, 'record') : refs.join(', ');
      const fields = changes(event);
      const names = event.act === 'create' || event.act === 'register' ? '' : fields.map((f) => f.split(':')[0]).slice(0, 3);
      const suffix = names && names.length > 0 ? `: ${names.join(', ')}${fields.length > 3 ? ' …' : ''}` : '';
      const who = event.actor ? `by ${event.actor}` : '';
      return { text: `${event.act ?? 'commit'} ${what}${suffix}`, detail: [who, ...refs, ...fields].filter(Boolean).join('\n') };
    }
    case 'queue': {
      const name = word('message') || word('type');
      return { text: data.emitted === false ? `nothing to send: ${word('reason')}` : `queued ${name}`, detail: refs.join('\n') };
    }
    case 'fault':
      return { text: `fault: ${word('fault')}`, detail: `rule ${word('rule')}, hook ${word('hook')}, hit ${word('n')}` };
    case 'rule': {
      const rule = (data.rule ?? {}) as Record<string, unknown>;
      return {
        text: `${word('state') || 'armed'}: ${text(rule.fault)}`,
        detail: JSON.stringify({ where: rule.where, when: rule.when, params: rule.params }),
      };
    }
    case 'heal':
      return { text: `healed: ${word('fault')} (hit ${word('fired') || 0}×)`, detail: `rule ${word('rule')}` };
    case 'gate':
      return {
        text: `gate ${word('state')}${data.by ? ` by ${word('by')}` : ''}`,
        detail: `rule ${word('rule')}, hook ${word('hook')}`,
      };
    case 'check': {
      if (data.type === 'settled') {
        const waited = (Number(data.waitedMs) / 1000).toFixed(1);
        return { text: `settled: ${word('label')}`, detail: `${word('by')}; waited ${waited} s` };
      }
      const said = word('message') || word('key');
      if (data.type === 'begin') return { text: 'check begins', detail: word('seed') && `seed ${word('seed')}` };
      return { text: `check ${word('type')}${said ? `: ${said}` : ''}`, detail: '' };
    }
    case 'subject':
      return { text: `sync ${word('what') || word('state')}`, detail: clip(JSON.stringify(data), 400) };
    case 'auth':
      return { text: `refused: ${word('reason') || 'credentials'}`, detail: clip(JSON.stringify(data), 400) };
    case 'token':
      return { text: 'token issued', detail: word('scope') };
    case 'connection':
      if (data.state === 'secured') return { text: `TLS handshake: ${word('protocol')}`, detail: under(data) };
      if (data.state === 'failed') return { text: 'TLS handshake failed', detail: `${word('reason')}${under(data)}` };
      if (data.state === 'offers') return { text: `offers over TLS: ${offerOf(data) ?? 'the usual'}`, detail: '' };
      return { text: `connection ${word('state') || word('what') || ''}`.trim(), detail: clip(JSON.stringify(data), 400) };
    default:
      return { text: event.kind, detail: clip(JSON.stringify(data), 400) };
  }
}

const offerOf = (data: Record<string, unknown>): string | undefined => {
  const { certificate, versions } = data;
  const parts = [certificate && `a certificate that is ${certificate}`, versions && `TLS ${versions} only`].filter(Boolean);
  return parts.length > 0 ? parts.join(', ') : undefined;
};

const under = (data: Record<string, unknown>): string => (offerOf(data) ? `; offered: ${offerOf(data)}` : '');
