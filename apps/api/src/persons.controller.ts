import { Controller, Delete, Get, HttpCode, Inject, Param, Query, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Persons, PersonStatuses, type By } from '#lib/persons';
import { Clock, fromPublicId, Problem, toPublicId } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { Caller, RequireScope } from './api-key.guard.js';
import { Answers, AnswersNothing } from './contract.js';
import { LimitedAs } from './endpoint-class.js';
import { personAnswer, personCertificatesAnswer, personStatusAnswer } from './persons.answers.js';
import { person, personCertificates, personList, personListQuery, personStatus } from './persons.schemas.js';

function uuidOf(id: string): string {
  const uuid = fromPublicId('per', id);
  if (uuid === undefined) throw new Problem('not_found');
  return uuid;
}

const byOf = ({ apiKeyId }: Principal, request: FastifyRequest): By => ({
  actor: `api_key:${apiKeyId}`,
  requestId: request.id,
});

@ApiTags('persons')
@ApiBearerAuth()
@Controller('v1/persons')
export class PersonsController {
  constructor(
    @Inject(Persons) private readonly persons: Persons,
    @Inject(PersonStatuses) private readonly statuses: PersonStatuses,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get()
  @RequireScope('persons:read')
  @LimitedAs('read')
  @ApiOperation({ operationId: 'listPersons', summary: 'List persons, the newest first' })
  @Answers(200, personList, [400, 401, 403, 503])
  async list(
    @Caller() principal: Principal,
    @Query({ schema: personListQuery }) query: z.output<typeof personListQuery>,
  ): Promise<z.output<typeof personList>> {
    const after = query.cursor === undefined ? undefined : fromPublicId('per', query.cursor);
    if (query.cursor !== undefined && after === undefined) throw new Problem('cursor_malformed', { field: 'cursor' });
    // One more than asked for tells whether there is a next page.
    const limit = query.limit + 1;
    const found = await this.persons.list(principal, { limit, ...(after === undefined ? {} : { after }) });
    const page = found.slice(0, query.limit);
    const last = page.at(-1);
    return {
      data: page.map(personAnswer),
      next_cursor: found.length > query.limit && last ? toPublicId('per', last.id) : null,
    };
  }

  @Get(':id')
  @RequireScope('persons:read')
  @LimitedAs('read')
  @ApiOperation({
    operationId: 'getPerson',
    summary: 'Get one person',
    description: 'One that was merged is still found and names the person under whom it goes on.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, person, [401, 403, 404, 503])
  async get(@Caller() principal: Principal, @Param('id') id: string): Promise<z.output<typeof person>> {
    return personAnswer(await this.persons.get(principal, uuidOf(id)));
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScope('persons:write')
  @LimitedAs('manage')
  @ApiOperation({
    operationId: 'deletePerson',
    summary: 'Forget a person',
    description:
      'Certificates, links and consents go, and verifications made with these certificates are shown no more. A certificate seen again within ten years is `severed`. An id that was merged stands for the surviving person.',
  })
  @ApiParam({ name: 'id', type: String })
  @AnswersNothing([401, 403, 404, 503])
  async delete(@Caller() principal: Principal, @Req() request: FastifyRequest, @Param('id') id: string): Promise<void> {
    await this.persons.delete(principal, uuidOf(id), byOf(principal, request));
  }

  @Get(':id/certificates')
  @RequireScope('persons:read')
  @LimitedAs('read')
  @ApiOperation({
    operationId: 'listPersonCertificates',
    summary: 'The known certificates of a person, with their status now',
    description: 'Each status that is told is a metered status check. Serial numbers are never told.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, personCertificates, [401, 403, 404, 503])
  async certificates(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
  ): Promise<z.output<typeof personCertificates>> {
    const found = await this.statuses.list(principal, uuidOf(id), this.how(principal, request));
    return personCertificatesAnswer(found.personId, found.certificates);
  }

  @Get(':id/status')
  @RequireScope('persons:read')
  @LimitedAs('read')
  @ApiOperation({
    operationId: 'getPersonStatus',
    summary: "What a person's certificates say together, now",
    description: 'A metered status check of each certificate that had to be asked about; doubt is never billed.',
  })
  @ApiParam({ name: 'id', type: String })
  @Answers(200, personStatus, [401, 403, 404, 503])
  async status(
    @Caller() principal: Principal,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
  ): Promise<z.output<typeof personStatus>> {
    return personStatusAnswer(await this.statuses.get(principal, uuidOf(id), this.how(principal, request)));
  }

  private how(principal: Principal, request: FastifyRequest): { at: number; by: By } {
    return { at: this.clock.now(principal.mode), by: byOf(principal, request) };
  }
}
