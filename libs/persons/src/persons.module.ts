import { Module } from '@nestjs/common';
import { TenancyModule } from '#lib/tenancy';
import { KnownCertificates } from './known-certificates.js';
import { PersonLinks } from './person-links.js';
import { PersonRegister } from './person-register.js';

@Module({
  imports: [TenancyModule],
  providers: [KnownCertificates, PersonLinks, PersonRegister],
  exports: [KnownCertificates, PersonLinks, PersonRegister],
})
export class PersonsModule {}
