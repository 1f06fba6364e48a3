import { z } from 'zod';

const settingsSchema = z
  .object({
    SANDBOX_HOST: z.string().min(1).default('127.0.0.1'),
    SANDBOX_PORT: z.coerce.number().int().min(1).max(65_535).default(4010),
    SANDBOX_JLIS_PORT: z.coerce.number().int().min(1).max(65_535).default(4011),
    /** One more name or address for the J-LIS listener's certificate. */
    SANDBOX_JLIS_HOST: z.union([z.hostname(), z.ipv4(), z.ipv6()]).optional(),
    SANDBOX_STATE_DIR: z.string().min(1).default('.data/sandbox'),
    SANDBOX_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
    SANDBOX_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
  })
  .transform((env) => ({
    host: env.SANDBOX_HOST,
    port: env.SANDBOX_PORT,
    jlisPort: env.SANDBOX_JLIS_PORT,
    jlisHost: env.SANDBOX_JLIS_HOST,
    stateDirectory: env.SANDBOX_STATE_DIR,
    publicUrl: (env.SANDBOX_PUBLIC_URL ?? `http://127.0.0.1:${env.SANDBOX_PORT}`).replace(/\/$/, ''),
    logLevel: env.SANDBOX_LOG_LEVEL,
  }));
export type Settings = z.output<typeof settingsSchema>;

/** Settings from the environment. Throws with one line that names what is wrong. */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const parsed = settingsSchema.safeParse(env);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`setting refused: ${faults.join('; ')}`);
}
