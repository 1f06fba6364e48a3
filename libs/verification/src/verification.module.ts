import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { BillingModule } from '#lib/billing';
import {
  CertificateQuestion,
  CounterpartLookups,
  LinkageModule,
  Persons,
  PersonsModule,
  PersonStatuses,
} from '#lib/persons';
import type { SigningKeys } from '#lib/platform';
import { RevocationModule } from '#lib/revocation';
import { TenancyModule } from '#lib/tenancy';
import { AnswerTimes } from './answer-times.js';
import { Challenges } from './challenges.js';
import { Custody } from './custody.js';
import { DecisionWriter } from './decision-writer.js';
import { FreshProofs } from './fresh-proofs.js';
import { Identifications } from './identifications.js';
import { VerificationRow } from './verification.entity.js';
import { Presentations } from './presentations.js';
import { Receipts } from './receipts.js';
import { Reverifications } from './reverifications.js';
import { Verifications } from './verifications.js';
import { Verifier } from './verifier.js';

export interface VerificationOptions {
  ocspTimeoutMs: number;
  /** Base URL of the API, the issuer of receipts. */
  publicUrl: string;
  signingKeys: SigningKeys;
}

@Module({})
export class VerificationModule {
  static forRoot(options: VerificationOptions): DynamicModule {
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
        AnswerTimes,
        Challenges,
        CertificateQuestion,
        CounterpartLookups,
        Custody,
        DecisionWriter,
        FreshProofs,
        Identifications,
        Persons,
        PersonStatuses,
        Presentations,
        Reverifications,
        Verifications,
        Verifier,
        {
          provide: Receipts,
          inject: [DataSource],
          useFactory: async (dataSource: DataSource): Promise<Receipts> => {
            const receipts = new Receipts(options.publicUrl, options.signingKeys);
            // No receipt is given whose key is not kept.
            await receipts.publish(dataSource);
            return receipts;
          },
        },
      ],
      exports: [
        AnswerTimes,
        Challenges,
        CounterpartLookups,
        Custody,
        FreshProofs,
        Identifications,
        LinkageModule,
        Persons,
        PersonsModule,
        PersonStatuses,
        Presentations,
        Receipts,
        Reverifications,
        Verifications,
        Verifier,
      ],
    };
  }
}
