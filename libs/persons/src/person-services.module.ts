import { Module } from '@nestjs/common';
import { TenancyModule } from '#lib/tenancy';
import { AgeChecks } from './age-checks.js';
import { AttributeUpdates } from './attribute-updates.js';
import { ConsentWithdrawals } from './consent-withdrawals.js';
import { Consents } from './consents.js';
import { PersonsModule } from './persons.module.js';

/** What J-LIS is asked about persons. Needs the global JlisModule. */
@Module({
  imports: [PersonsModule, TenancyModule],
  providers: [AgeChecks, AttributeUpdates, Consents, ConsentWithdrawals],
  exports: [AgeChecks, AttributeUpdates, Consents, ConsentWithdrawals],
})
export class PersonServicesModule {}
