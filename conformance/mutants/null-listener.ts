import { createServer } from 'node:net';

/** Listens where the settings say and answers each frame with what `answer` makes of it; undefined is silence. */
export async function listenAndAnswer(answer: (text: string) => string | undefined): Promise<void> {
  for (const [name, bind] of Object.entries(process.env)) {
    if (!name.endsWith('_MLLP_BIND') || !bind) continue;
    const [host, port] = bind.split(':');
    const server = createServer((socket) => {
      let pending = '';
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk) => {
        const frames = (pending + chunk.toString('latin1')).split('\x1c\r');
        pending = frames.pop() ?? '';
        for (const frame of frames) {
          const reply = answer(frame.slice(frame.indexOf('MSH')));
          if (reply) socket.write(`\x0b${reply}\x1c\r`);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(Number(port), host, resolve));
  }
  process.once('SIGTERM', () => process.exit(0));
}
