import net from 'node:net';
import { Hl7Message } from '@medplum/core';
import { framed } from './receiver.ts';

/** One answer, with what tests look at. */
export interface Answered {
  code: string;
  control: string;
  /** ERR-3.1. */
  error: string;
  text: string;
}

/** Writes bytes to a listener and reads frames until so many came, or the connection ends. */
export async function frames(address: string, bytes: string | Buffer, count = 1): Promise<string[]> {
  const [host, port] = address.split(':');
  const socket = net.connect(Number(port), host);
  let heard = '';
  socket.on('error', () => {});
  socket.write(bytes);
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      heard += chunk;
      if (heard.split('\u001c\r').length > count) resolve();
    });
    socket.on('close', () => resolve());
  });
  socket.destroy();
  return heard
    .split('\u001c\r')
    .filter(Boolean)
    .map((frame) => frame.slice(1));
}

/** The same, of acknowledgements. */
export async function sendRaw(address: string, bytes: string | Buffer, count = 1): Promise<Answered[]> {
  return (await frames(address, bytes, count)).map((text) => {
    const message = Hl7Message.parse(text);
    const [msa, err] = [message.getSegment('MSA'), message.getSegment('ERR')];
    return {
      code: msa!.getComponent(1, 1) ?? '',
      control: msa!.getField(2)?.toString() ?? '',
      error: err?.getComponent(3, 1) ?? '',
      text,
    };
  });
}

/** Sends messages, one answer each. */
export const send = (address: string, ...messages: string[]): Promise<Answered[]> =>
  sendRaw(address, messages.map(framed).join(''), messages.length);
