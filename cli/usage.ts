/** The command line or what it names is wrong: printed as it is, exit code 2. */
export class UsageError extends Error {}
