import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { z } from 'zod';

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The files under one directory. A file is either the old one or the new one, whatever moment the power fails. */
export class StateStore {
  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** The parsed JSON of `name`; undefined when there is no such file. Throws when it is not what `schema` says. */
  read<T>(name: string, schema: z.ZodType<T>): T | undefined {
    const bytes = this.readBytes(name);
    if (!bytes) return undefined;
    const parsed = schema.safeParse(JSON.parse(bytes.toString('utf8')));
    if (!parsed.success) throw new Error(`state file ${name} is not readable: ${parsed.error.message}`);
    return parsed.data;
  }

  write(name: string, value: unknown): void {
    this.writeBytes(name, Buffer.from(JSON.stringify(value, undefined, 1)));
  }

  readBytes(name: string): Buffer | undefined {
    const file = join(this.directory, name);
    return existsSync(file) ? readFileSync(file) : undefined;
  }

  /** Synchronous, so that two requests never interleave half-written state. Private keys are inside: mode 0600. */
  writeBytes(name: string, bytes: Uint8Array): void {
    const file = join(this.directory, name);
    const folder = dirname(file);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const temporary = `${file}.tmp`;
    const handle = openSync(temporary, 'w', 0o600);
    try {
      writeFileSync(handle, bytes);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
    // Without this the rename itself may be lost in a crash.
    syncFolder(folder);
  }

  /** Adds a line to a file; a crash can leave part of the last one. */
  appendLine(name: string, line: string): void {
    const file = join(this.directory, name);
    const isNew = !existsSync(file);
    if (isNew) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const handle = openSync(file, 'a', 0o600);
    try {
      writeFileSync(handle, `${line}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    if (isNew) syncFolder(dirname(file));
  }

  remove(name: string): void {
    rmSync(join(this.directory, name), { force: true });
  }

  /** Names of the files in `folder` that end with `extension`, sorted. */
  list(folder: string, extension = '.json'): string[] {
    const path = join(this.directory, folder);
    if (!existsSync(path)) return [];
    return readdirSync(path)
      .filter((name) => name.endsWith(extension))
      .sort()
      .map((name) => `${folder}/${name}`);
  }
}
