import { wallTime } from '#kernel';
import { refuseV1 } from './call.ts';

/** `2026-03-09` as `03/09/2026`; what is shorter or missing is left out. */
export const usDate = (day: string | undefined): string | undefined => {
  const found = /^(\d{4})-(\d\d)-(\d\d)/.exec(day ?? '');
  return found ? `${found[2]}/${found[3]}/${found[1]}` : undefined;
};

/** `03/09/2026` as `2026-03-09`. @throws Rejected naming the parameter. */
export function isoDate(text: string, name: string): string {
  const found = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text);
  const day = found ? `${found[3]}-${found[1]!.padStart(2, '0')}-${found[2]!.padStart(2, '0')}` : '';
  const at = Date.parse(`${day}T00:00:00Z`);
  if (!found || Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== day)
    refuseV1(400, `Invalid value for ${name}.`, { detailedmessage: `${name} must be a date as MM/DD/YYYY.` });
  return day;
}

/** An instant as day and time on the wall of the practice. */
export function local(instant: string | undefined, zone: string): { date?: string; time?: string; stamp?: string } {
  if (instant === undefined) return {};
  const { year, month, day, hour, minute, second } = wallTime(Date.parse(instant), zone);
  const date = `${month}/${day}/${year}`;
  return { date, time: `${hour}:${minute}`, stamp: `${date} ${hour}:${minute}:${second}` };
}

/** `MM/DD/YYYY HH:mm:ss` (or a day alone) on the wall of the practice, as a sortable text of the same wall. */
export function wallStamp(text: string, name: string): string {
  const [day = '', time = '00:00:00'] = text.trim().split(/\s+/);
  if (!/^\d\d:\d\d(:\d\d)?$/.test(time)) refuseV1(400, `Invalid value for ${name}.`);
  return `${isoDate(day, name)} ${time.length === 5 ? `${time}:00` : time}`;
}

/** The same text of an instant. */
export function stampOf(ms: number, zone: string): string {
  const { year, month, day, hour, minute, second } = wallTime(ms, zone);
  return `${year}-${month}-${day} ${hour}:${minute}:${second}`;
}
