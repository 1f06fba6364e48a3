import { createHash } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { hierarchySchema } from './card-record.js';
import { issueSchema, serialQuerySchema, signSchema } from './card-request.js';
import type { IssueBody, SerialQuery, SignRequest } from './card-request.js';
import { signWithCard, type Signed } from './card-signing.js';
import { cardView } from './card-view.js';
import { holder } from './catalogue.js';
import { GENERATION_FACTS, HIERARCHIES, type Hierarchy } from './hierarchy.js';
import { SandboxError } from './sandbox-error.js';
import { Sandbox } from './sandbox.js';

/** What anybody may do: read the anchors, look at cards, issue cards and sign with them. */
@Controller()
export class CardsController {
  constructor(private readonly sandbox: Sandbox) {}

  @Get('health')
  health(): { status: 'ok'; now: string } {
    return { status: 'ok', now: new Date(this.sandbox.clock.now()).toISOString() };
  }

  @Get('anchors')
  anchors(): { hierarchy: Hierarchy; generation: string; fingerprint: string; certificate: string }[] {
    return HIERARCHIES.flatMap((hierarchy) =>
      this.sandbox.authorities.all(hierarchy).map(({ generation, certificate }) => ({
        hierarchy,
        generation,
        fingerprint: createHash('sha256').update(certificate).digest('hex'),
        certificate: certificate.toString('base64'),
      })),
    );
  }

  @Get('cards')
  list(): { cards: Record<string, unknown>[] } {
    const now = this.sandbox.clock.now();
    return { cards: this.sandbox.cards.list().map((card) => cardView(card, now)) };
  }

  @Get('cards/:id')
  find(@Param('id') id: string): Record<string, unknown> {
    return cardView(this.sandbox.cards.get(id), this.sandbox.clock.now());
  }

  @Get('cards/:id/certificates/:hierarchy')
  async certificate(
    @Param('id') id: string,
    @Param('hierarchy', { schema: hierarchySchema }) hierarchy: Hierarchy,
    @Query({ schema: serialQuerySchema }) query: SerialQuery,
  ): Promise<{ certificate: string }> {
    const { cards } = this.sandbox;
    const card = cards.get(id);
    const record = cards.getRecord(card, hierarchy, query.serial, query.earlier);
    const { certificate } = await cards.material(card, hierarchy, record);
    return { certificate: certificate.toString('base64') };
  }

  @Post('cards')
  issue(@Body({ schema: issueSchema }) body: IssueBody): Record<string, unknown> {
    const now = this.sandbox.clock.now();
    const notBefore = body.not_before ?? now;
    const ca = GENERATION_FACTS[body.generation];
    const outside = notBefore < ca.notBefore || notBefore > ca.notAfter || (body.not_after ?? 0) > ca.notAfter;
    if (outside) throw new SandboxError('bad_request', 'the validity lies outside that of the CA');
    if (body.not_after !== undefined && body.not_after <= notBefore)
      throw new SandboxError('bad_request', 'not_after is not after not_before');
    const card = this.sandbox.cards.issue({
      id: body.id,
      holder: holder({
        name: body.name,
        ...(body.name_substitution === undefined ? {} : { nameSubstitution: body.name_substitution }),
        sex: body.sex,
        birthDate: body.birth_date,
        address: body.address,
        ...(body.address_substitution === undefined ? {} : { addressSubstitution: body.address_substitution }),
      }),
      municipality: body.municipality,
      generation: body.generation,
      hasSign: body.sign,
      pins: { sign: body.sign_pin, auth: body.auth_pin },
      notBefore,
      notAfter: body.not_after,
    });
    return cardView(card, now);
  }

  @Post('cards/:id/sign')
  @HttpCode(200)
  sign(@Param('id') id: string, @Body({ schema: signSchema }) body: SignRequest): Promise<Signed> {
    const { cards, clock } = this.sandbox;
    return signWithCard(cards, cards.get(id), body, clock.now());
  }
}
