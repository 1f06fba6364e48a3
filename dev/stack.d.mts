/** A process of the stack that can be stopped, killed and started again. */
export interface StackProcess {
  readonly name: string;
  readonly pid: number | undefined;
  readonly hasEnded: boolean;
  /** Settles when the present process has ended. */
  readonly ended: Promise<{ code?: number | null; signal?: NodeJS.Signals | null; error?: string }>;
  /** Orderly end, awaited. */
  stop(): Promise<void>;
  /** Sends a signal (default SIGKILL) and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export interface StackApp extends StackProcess {
  /** Starts the application and waits until it is ready; `env` is added to its settings from now on. */
  start(env?: Record<string, string>): Promise<void>;
}

export interface StackServer extends StackProcess {
  /** Starts the server again after `stop` or `kill`, with its data, on its port. */
  start(): Promise<void>;
}

export type StackAppName = 'sandbox' | 'worker' | 'api' | 'admin';

export interface StackOptions {
  /** Where a kept stack keeps its state; a throw-away one has a temporary directory and needs none. */
  dataDir?: string;
  /** Servers without durability on free ports; everything is deleted at the end, even after SIGKILL of this process. */
  throwaway?: boolean;
  /** Default: 3000, 3001, 4010 and 4011, or free ports when throw-away. */
  ports?: Partial<Record<'api' | 'admin' | 'sandbox' | 'jlis', number>>;
  /** Servers to use instead of own ones. `databaseUrl` is the owner's. */
  databaseUrl?: string;
  redisUrl?: string;
  /** Which applications to start; default all but `admin`. The others can be started later. */
  apps?: StackAppName[];
  /** Settings added to those of one application. */
  environment?: Partial<Record<StackAppName, Record<string, string>>>;
  /** Gets a line worth showing: errors of the applications, slow first-time work. */
  announce?: (line: string) => void;
  /** Wraps each step of the start, for timing. */
  step?: <T>(name: string, work: () => Promise<T>) => Promise<T>;
}

export interface Stack {
  readonly dataDir: string;
  readonly logDir: string;
  readonly ports: { api: number; admin: number; sandbox: number; jlis: number };
  readonly urls: {
    api: string;
    admin: string;
    sandbox: string;
    jlis: string;
    redis: string;
    database: { owner: string; api: string; worker: string; admin: string; operator: string };
  };
  readonly secrets: {
    readonly auditSigningKey: { readonly id: string; readonly private_key: string };
    readonly signingKeys: object;
    owner: string;
    api: string;
    worker: string;
    admin: string;
    operator: string;
    redis: string;
    keyRing: { active: string; keys: Record<string, string> };
  };
  readonly sandbox: StackApp;
  readonly worker: StackApp;
  readonly api: StackApp;
  readonly admin: StackApp;
  /** Absent when `databaseUrl` or `redisUrl` was given. */
  readonly postgres: StackServer | undefined;
  readonly redis: StackServer | undefined;
  migrate(): Promise<void>;
  /** Standard output of the operator's command; rejects with what it said when it fails. */
  operator(args: string[]): Promise<string>;
  operatorEnvironment(): Record<string, string>;
  /** Runs a compiled program (path below the repository's root) to its end and returns its standard output. */
  run(script: string, args: string[], env: Record<string, string>): Promise<string>;
  /** Settles with a reason when any part ends by itself. */
  firstEnd(): Promise<Error>;
  stop(): Promise<void>;
}

/**
 * Brings up PostgreSQL, Redis and the compiled applications; `dist/` must be current.
 * @throws LaunchProblem naming what is wrong, after everything begun has been stopped.
 */
export function startStack(options?: StackOptions): Promise<Stack>;
