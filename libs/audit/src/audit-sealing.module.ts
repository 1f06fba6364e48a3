import { Module, type DynamicModule } from '@nestjs/common';
import type { SigningKey } from '#lib/platform';
import { AuditWatch } from './audit-watch.js';
import { AUDIT_SIGNING_KEY, AuditSealer } from './seal-audit.js';

/** For the process that seals. */
@Module({})
export class AuditSealingModule {
  static forRoot({ auditSigningKey }: { auditSigningKey: SigningKey }): DynamicModule {
    return {
      module: AuditSealingModule,
      providers: [AuditSealer, AuditWatch, { provide: AUDIT_SIGNING_KEY, useValue: auditSigningKey }],
      exports: [AuditSealer, AuditWatch],
    };
  }
}
