import { UsageError } from './usage.ts';
export async function load(_args: string[]): Promise<number> {
  throw new UsageError('load: soon');
}
