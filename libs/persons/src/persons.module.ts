import { Module } from '@nestjs/common';
import { TenancyModule } from '#lib/tenancy';
import { CertificateTurns } from './certificate-turns.js';
import { CounterpartSettlement } from './counterpart-settlement.js';
import { FirstSights } from './first-sights.js';
import { Healings } from './healing.js';
import { KnownCertificates } from './known-certificates.js';
import { PendingLinkages } from './pending-linkages.js';
import { PersonLinks } from './person-links.js';
import { PersonRegister } from './person-register.js';
import { SerialLinkageSettlement } from './serial-linkage-settlement.js';
import { SerialLinkages } from './serial-linkages.js';
import { SerialWalker } from './serial-walker.js';

/** What the tenant's own records tell about persons. */
@Module({
  imports: [TenancyModule],
  providers: [KnownCertificates, PersonLinks, PersonRegister],
  exports: [KnownCertificates, PersonLinks, PersonRegister],
})
export class PersonsModule {}

/** What J-LIS is asked about persons; where `JlisModule` is. */
@Module({
  imports: [PersonsModule],
  providers: [
    CertificateTurns,
    CounterpartSettlement,
    FirstSights,
    Healings,
    PendingLinkages,
    SerialLinkages,
    SerialLinkageSettlement,
    SerialWalker,
  ],
  exports: [CertificateTurns, CounterpartSettlement, Healings, PendingLinkages, PersonsModule, SerialLinkages],
})
export class LinkageModule {}
