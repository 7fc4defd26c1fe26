import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import type { Clock } from '#kernel';

// A frame that is longer is given up.
const LONGEST = 4_000_000;
const [START, END] = ['\u000b', '\u001c\r'];

/** What came back from a call; undefined in its place when nothing whole did. */
export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

export interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  timeoutMs?: number;
}

/** Connections of one client: kept, as real clients keep them. */
export class Connections {
  #plain = new http.Agent({ keepAlive: true, maxSockets: 4 });
  #secure: https.Agent;

  constructor(ca: string) {
    this.#secure = new https.Agent({ keepAlive: true, maxSockets: 4, ca });
  }

  /** Makes a call once, whatever happens. */
  call(url: string, { method = 'GET', headers = {}, body, timeoutMs = 1500 }: Sent = {}): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const secure = url.startsWith('https:');
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const request = (secure ? https : http).request(url, {
        method,
        agent: secure ? this.#secure : this.#plain,
        headers: { ...length, ...headers },
        signal: AbortSignal.timeout(timeoutMs),
      });
      request.on('error', () => resolve(undefined));
      request.on('response', (reply) => {
        const chunks: Buffer[] = [];
        reply.on('data', (chunk: Buffer) => chunks.push(chunk));
        reply.on('error', () => resolve(undefined));
        reply.on('end', () =>
          resolve(
            reply.complete
              ? { status: reply.statusCode!, headers: reply.headers, body: Buffer.concat(chunks).toString() }
              : undefined,
          ),
        );
        reply.on('close', () => resolve(undefined));
      });
      request.end(body);
    });
  }

  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }
}

/** Sends one message over a connection of its own. @returns the whole answer, or nothing. */
export function tell(address: string, message: string, timeoutMs = 1500): Promise<string | undefined> {
  const [host = '', port] = address.split(':');
  return new Promise((resolve) => {
    const socket = net.connect(Number(port), host);
    let heard = '';
    const end = (answer?: string): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => end());
    socket.on('error', () => end());
    socket.on('close', () => end());
    socket.on('connect', () => socket.write(START + message + END));
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      const at = heard.indexOf(END);
      if (at >= 0) end(heard.slice(heard.indexOf(START) + 1, at));
    });
  });
}

/** A receiver of messages that answers each whole frame with AA, whatever it says. */
export class Listener {
  taken = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(clock: Clock): Promise<Listener> {
    const server = net.createServer();
    const listener = new Listener(server);
    server.on('connection', (socket) => listener.#serve(socket, clock));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return listener;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #serve(socket: Socket, clock: Clock): void {
    let heard = '';
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk) => {
      // Frames may be long: what was looked through is not looked through again.
      const from = Math.max(0, heard.length - 1);
      heard += chunk.toString('latin1');
      if (heard.length > LONGEST) socket.destroy();
      for (let at = heard.indexOf(END, from); at >= 0; at = heard.indexOf(END)) {
        const frame = heard.slice(heard.lastIndexOf(START, at) + 1, at);
        heard = heard.slice(at + END.length);
        const separator = frame[3] ?? '|';
        const control = frame.split(/[\r\n]/)[0]!.split(separator)[9] ?? '';
        this.taken++;
        const stamp = new Date(clock.now()).toISOString().replace(/\D/g, '').slice(0, 14);
        socket.write(`${START}MSH|^~\\&|R|R|S|S|${stamp}||ACK|A${this.taken}|P|2.5.1\rMSA|AA|${control}\r${END}`);
      }
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
