import net, { type AddressInfo } from 'node:net';

const framed = (text: string): string => `\u000b${text}\u001c\r`;

/** An MLLP listener that acknowledges everything, and keeps it. */
export class Listener {
  readonly got: string[] = [];
  readonly #sockets = new Set<net.Socket>();
  readonly #server = net.createServer((socket) => {
    this.#sockets.add(socket);
    let rest = '';
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk) => {
      rest += chunk;
      for (let end = rest.indexOf('\u001c\r'); end >= 0; end = rest.indexOf('\u001c\r')) {
        const message = rest.slice(1, end);
        rest = rest.slice(end + 2);
        this.got.push(message);
        socket.write(
          framed(
            `MSH|^~\\&|SYNC|CRM|EPIC|EPIC|20260302120000||ACK|a${this.got.length}|P|2.5.1\rMSA|AA|${message.split('|')[9]}\r`,
          ),
        );
      }
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

/** Sends one message over MLLP; gives MSA-1 of the answer, nothing when the connection ends before. */
export function offer(address: string, message: string): Promise<string | undefined> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = net.connect(Number(port), host, () => socket.write(framed(message)));
    let text = '';
    socket.on('error', () => {}).on('close', () => resolve(undefined));
    socket.on('data', (chunk) => {
      text += chunk;
      if (!text.includes('\u001c\r')) return;
      resolve(/\rMSA\|(\w\w)/.exec(text)?.[1]);
      socket.destroy();
    });
  });
}
