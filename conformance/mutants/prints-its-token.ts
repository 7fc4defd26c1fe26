import { defineMutant } from './define.ts';

export const printsItsToken = defineMutant({
  id: 'prints-its-token',
  breaks: 'Prints with each message by which access token it reads the chart.',
  reads: 'both',
  steps: (reference) => {
    let token = 'none yet';
    return {
      async refreshToken(...asked) {
        const fresh = await reference.refreshToken(...asked);
        token = fresh.value;
        return fresh;
      },
      receive(message, text, inbox, machine) {
        machine.log(`a message; reading with Authorization: Bearer ${token}`);
        return reference.receive(message, text, inbox, machine);
      },
    };
  },
  kills: [{ check: 'SE-05', reason: 'secret-in-output' }],
});
