import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { createAnchor, type TrustAnchor } from '#lib/pki';
import { Logger, MODES, OperatorMustAct, type Mode } from '#lib/platform';
import { type AnchorImportCode, checkAnchorMode } from './anchor-rules.js';
import { TrustAnchorRow } from './entities.js';

/** A stored anchor that its mode must never trust. Met at start-up it ends the process. */
export class AnchorInWrongMode extends OperatorMustAct {
  override readonly name = 'AnchorInWrongMode';
  constructor(
    readonly code: AnchorImportCode,
    readonly mode: Mode,
    readonly fingerprint: string,
  ) {
    super(`trust anchor ${fingerprint} in mode ${mode}: ${code}`);
  }
}

/** The anchor of a row. @throws AnchorInWrongMode, Malformed, AnchorRefused */
export function anchorOfRow(row: Pick<TrustAnchorRow, 'mode' | 'hierarchy' | 'certificate'>): TrustAnchor {
  const anchor = createAnchor(row.certificate, row.hierarchy);
  const code = checkAnchorMode(row.mode, anchor);
  if (code !== undefined) throw new AnchorInWrongMode(code, row.mode, anchor.fingerprint);
  return anchor;
}

/** The anchors each mode trusts, held in memory. */
@Injectable()
export class AnchorStore {
  private held: Record<Mode, readonly TrustAnchor[]> = { live: [], test: [] };

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  /** Both hierarchies and all generations of `mode`, expired ones included. */
  of(mode: Mode): readonly TrustAnchor[] {
    return this.held[mode];
  }

  /** First load. @throws AnchorInWrongMode: a process that trusts the wrong roots must not start. */
  async load(): Promise<void> {
    for (const mode of MODES) this.held[mode] = (await this.rows(mode)).map(anchorOfRow);
  }

  /** Takes over what has changed. An anchor of the wrong mode is reported and left out; the others stay in use. */
  async reload(mode: Mode): Promise<void> {
    const byFingerprint = new Map(this.held[mode].map((anchor) => [anchor.fingerprint, anchor]));
    const anchors: TrustAnchor[] = [];
    for (const row of await this.rows(mode)) {
      const fingerprint = row.fingerprint.toString('hex');
      try {
        anchors.push(byFingerprint.get(fingerprint) ?? anchorOfRow(row));
      } catch (error) {
        this.logger.error('anchor_refused', { mode, fingerprint, error });
      }
    }
    this.held = { ...this.held, [mode]: anchors };
  }

  private rows(mode: Mode): Promise<TrustAnchorRow[]> {
    return this.dataSource
      .getRepository(TrustAnchorRow)
      .find({ where: { mode }, order: { hierarchy: 'ASC', generation: 'ASC' } });
  }
}
