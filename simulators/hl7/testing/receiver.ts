import net, { type AddressInfo, type Socket } from 'node:net';

/** What a scripted receiver does with one message, or with a batch and its BHS-11: raw bytes to write, or something to do to the socket. */
export type Answer = (control: string, socket: Socket, text: string) => Buffer | string | undefined;

/** Text between VT and FS CR, as bytes on the wire. */
export const framed = (text: string): string => `\u000b${text}\u001c\r`;

export const ack = (code: string, control: string, more = ''): string =>
  framed(`MSH|^~\\&|CRM|CRM|EPIC|EPIC|20260302120000||ACK|a${control}|P|2.5.1\rMSA|${code}|${control}${more}\r`);

/** Answers AA. */
export const accept: Answer = (control) => ack('AA', control);

/**
 * A receiver that knows no more of MLLP than the bytes 0B, 1C and 0D. It answers the n-th message by the n-th entry of its
 * script, and then by `accept`.
 */
export class Receiver {
  /** Each message as it came, in order. */
  readonly got: string[] = [];
  /** Whole bytes as they came, of all connections. */
  raw = Buffer.alloc(0);
  /** The bytes as packets brought them. */
  readonly chunks: Buffer[] = [];
  connections = 0;
  /** Connections that it serves at once; it hangs up on more. */
  admits = Number.POSITIVE_INFINITY;
  readonly #server: net.Server;
  readonly #sockets = new Set<Socket>();
  readonly #script: Answer[];
  #waiting: (() => void)[] = [];

  constructor(...script: Answer[]) {
    this.#script = script;
    this.#server = net.createServer((socket) => {
      this.connections++;
      if (this.#sockets.size >= this.admits) {
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      let rest = '';
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('data', (chunk) => {
        this.raw = Buffer.concat([this.raw, chunk]);
        this.chunks.push(chunk);
        rest += chunk.toString('utf8');
        for (let end = rest.indexOf('\u001c\r'); end >= 0; end = rest.indexOf('\u001c\r')) {
          const message = rest.slice(rest.indexOf('\u000b') + 1, end);
          rest = rest.slice(end + 2);
          // Release 2: the sender has kept our answer.
          if (message === '\u0006') continue;
          this.got.push(message);
          const answer = this.#script.shift() ?? accept;
          const [header = ''] = message.split('\r');
          const control = header.split(header[3] ?? '|')[header.startsWith('BHS') ? 10 : 9] ?? '';
          const bytes = answer(control, socket, message);
          if (bytes !== undefined) socket.write(bytes);
          for (const wake of this.#waiting.splice(0)) wake();
        }
      });
    });
  }

  listen(port = 0): Promise<this> {
    return new Promise((resolve) => this.#server.listen(port, '127.0.0.1', () => resolve(this)));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open. */
  get alive(): number {
    return this.#sockets.size;
  }

  get target(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Resolves once so many messages have come. */
  async messages(count: number): Promise<string[]> {
    while (this.got.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.got;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** `A08 204181`: event and MRN of each message. */
export const summary = (messages: string[]): string[] =>
  messages.map((text) => `${/\|\w+\^([AS]\d\d)\^/.exec(text)?.[1]} ${/\rPID\|1\|\|([^^]*)/.exec(text)?.[1]}`);
