import 'reflect-metadata';
import { Registry } from 'prom-client';
import { JLIS_SETTINGS, JlisServices, loadJlisOptions } from '#lib/jlis';
import { loadConfig } from '#lib/platform';
import { JlisCalls } from '../../libs/jlis/src/jlis-calls.js';
import { JlisMetrics } from '../../libs/jlis/src/jlis-metrics.js';

/** A process of its own that asks J-LIS for its version, and prints that or why there was none. */
const options = loadJlisOptions(loadConfig(JLIS_SETTINGS, process.env));
const record = (): Promise<void> => Promise.resolve();
const calls = new JlisCalls({ ...options, metrics: new JlisMetrics(new Registry()), record });
try {
  const caller = { mode: 'test', serviceId: `ten_${'a'.repeat(32)}`, actor: 'system:test' } as const;
  const { version } = await new JlisServices(calls).capabilities(caller);
  process.stdout.write(`version ${version}`);
} catch (error) {
  process.stdout.write(String((error as { detail?: string }).detail));
} finally {
  calls.close();
}
