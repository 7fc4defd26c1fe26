// For HEALTHCHECK: exits 0 when the control API of this container answers that every part listens.
const port = process.env.SYNCPROOF_UP_CONTROL_PORT || '4000';
try {
  const reply = await fetch(`http://127.0.0.1:${port}/v1/health`, { signal: AbortSignal.timeout(3000) });
  process.exit(reply.ok ? 0 : 1);
} catch {
  process.exit(1);
}
