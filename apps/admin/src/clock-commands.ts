import { appendAudit } from '#lib/audit';
import { CommandRefused } from './command-refused.js';
import type { OperatorContext } from './context.js';

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const YEARS_10_MS = 3_660 * UNIT_MS.d;

/** `+3d`, `-90m`, `0`: an offset from real time in milliseconds. */
export function parseOffset(text: string): number {
  if (text === '0') return 0;
  const match = /^([+-])(\d{1,9})([smhd])$/.exec(text);
  if (!match) throw new CommandRefused(`"${text}" is not an offset like +3d, -90m or 0`);
  const size = Number(match[2]) * UNIT_MS[match[3] as keyof typeof UNIT_MS];
  if (size > YEARS_10_MS) throw new CommandRefused('the test clock moves by ten years at most');
  return match[1] === '-' ? -size : size;
}

/** Moves the clock by which test mode decides. Live time cannot be moved: there is no such command or row. */
export async function clockSet(context: OperatorContext, offset: string): Promise<void> {
  const offsetMs = parseOffset(offset);
  await context.dataSource.transaction(async (manager) => {
    const rows: { offset_ms: string }[] = await manager.query('select offset_ms from test_clock');
    await manager.query('update test_clock set offset_ms = $1', [offsetMs]);
    await appendAudit(manager, {
      actor: context.actor,
      action: 'test_clock.set',
      target: 'test_clock',
      change: { before: { offset_ms: Number(rows[0]?.offset_ms ?? 0) }, after: { offset_ms: offsetMs } },
    });
  });
  context.out(
    JSON.stringify({ mode: 'test', offset_ms: offsetMs, now: new Date(Date.now() + offsetMs).toISOString() }),
  );
}

export async function clockShow(context: OperatorContext): Promise<void> {
  const rows: { offset_ms: string }[] = await context.dataSource.query('select offset_ms from test_clock');
  const offsetMs = Number(rows[0]?.offset_ms ?? 0);
  context.out(
    JSON.stringify({ mode: 'test', offset_ms: offsetMs, now: new Date(Date.now() + offsetMs).toISOString() }),
  );
}
