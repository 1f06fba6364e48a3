import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BillingModule } from '#lib/billing';
import { CounterpartLookups, LinkageModule, PersonsModule } from '#lib/persons';
import { RevocationModule } from '#lib/revocation';
import { TenancyModule } from '#lib/tenancy';
import { Challenges } from './challenges.js';
import { DecisionWriter } from './decision-writer.js';
import { FreshProofs } from './fresh-proofs.js';
import { Identifications } from './identifications.js';
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
        LinkageModule,
        RevocationModule.forRoot(options),
        TenancyModule,
        PersonsModule,
      ],
      providers: [
        Challenges,
        CounterpartLookups,
        DecisionWriter,
        FreshProofs,
        Identifications,
        Verifications,
        Verifier,
      ],
      exports: [
        Challenges,
        CounterpartLookups,
        FreshProofs,
        Identifications,
        LinkageModule,
        PersonsModule,
        Verifications,
        Verifier,
      ],
    };
  }
}
