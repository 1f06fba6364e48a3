import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BillingModule } from '#lib/billing';
import { RevocationModule } from '#lib/revocation';
import { TenancyModule } from '#lib/tenancy';
import { Challenges } from './challenges.js';
import { DecisionWriter } from './decision-writer.js';
import { FreshProofs } from './fresh-proofs.js';
import { VerificationRow } from './verification.entity.js';
import { Verifications } from './verifications.js';
import { Verifier } from './verifier.js';

@Module({})
export class VerificationModule {
  static forRoot(options: { ocspTimeoutMs: number }): DynamicModule {
    return {
      module: VerificationModule,
      imports: [
        TypeOrmModule.forFeature([VerificationRow]),
        BillingModule,
        RevocationModule.forRoot(options),
        TenancyModule,
      ],
      providers: [Challenges, DecisionWriter, FreshProofs, Verifications, Verifier],
      exports: [Challenges, FreshProofs, Verifications, Verifier],
    };
  }
}
