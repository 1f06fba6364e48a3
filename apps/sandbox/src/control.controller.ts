import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, UseGuards } from '@nestjs/common';
import { clockSchema, moveSchema, nationalSchema, revokeSchema, syntheticSchema } from './card-request.js';
import type { ClockBody, MoveBody, NationalBody, RevokeBody, SyntheticBody } from './card-request.js';
import { cardView } from './card-view.js';
import { faultsSchema, type FaultsRequest, type FaultsView } from './faults.js';
import { HIERARCHIES } from './hierarchy.js';
import { LoopbackGuard } from './loopback.guard.js';
import { movedTo } from './moved-to.js';
import type { NationalDay } from './national-set.js';
import { SandboxError } from './sandbox-error.js';
import { Sandbox } from './sandbox.js';

interface ClockView {
  offset_ms: number;
  now: string;
}

/** The operator's side: what J-LIS, municipalities and fate do. */
@Controller('control')
@UseGuards(LoopbackGuard)
export class ControlController {
  constructor(private readonly sandbox: Sandbox) {}

  @Post('cards/:id/revoke')
  @HttpCode(200)
  revoke(@Param('id') id: string, @Body({ schema: revokeSchema }) body: RevokeBody): Record<string, unknown> {
    const { cards, clock } = this.sandbox;
    const hierarchies = body.certificate === 'both' ? HIERARCHIES : [body.certificate];
    cards.revoke(cards.get(id), hierarchies, body.reason, clock.now());
    return cardView(cards.get(id), clock.now());
  }

  @Post('cards/:id/renew')
  @HttpCode(200)
  renew(@Param('id') id: string): Record<string, unknown> {
    const { cards, clock } = this.sandbox;
    cards.renew(cards.get(id), clock.now());
    return cardView(cards.get(id), clock.now());
  }

  @Post('cards/:id/move')
  @HttpCode(200)
  move(@Param('id') id: string, @Body({ schema: moveSchema }) body: MoveBody): Record<string, unknown> {
    const { cards, clock } = this.sandbox;
    const card = cards.get(id);
    cards.changeHolder(card, movedTo(card, body), body.sign, clock.now());
    return cardView(card, clock.now());
  }

  @Post('cards/:id/unlock')
  @HttpCode(200)
  unlock(@Param('id') id: string): Record<string, unknown> {
    const { cards, clock } = this.sandbox;
    cards.unlock(cards.get(id));
    return cardView(cards.get(id), clock.now());
  }

  @Get('clock')
  clock(): ClockView {
    const { offsetMs } = this.sandbox.clock;
    return { offset_ms: offsetMs, now: new Date(this.sandbox.clock.now()).toISOString() };
  }

  @Put('clock')
  moveClock(@Body({ schema: clockSchema }) body: ClockBody): ClockView {
    const { clock } = this.sandbox;
    clock.move('now' in body ? body.now - (clock.now() - clock.offsetMs) : body.offset_ms);
    return this.clock();
  }

  @Get('faults')
  faults(): FaultsView {
    const { crl, ocsp, jlis } = this.sandbox.faults;
    return { crl, ocsp, jlis: jlis.all };
  }

  @Put('faults')
  setFaults(@Body({ schema: faultsSchema }) body: FaultsRequest): FaultsView {
    this.sandbox.faults.set(body);
    return this.faults();
  }

  @Delete('faults')
  @HttpCode(204)
  clearFaults(): void {
    this.sandbox.faults.clear();
  }

  @Get('requests')
  requests(): Record<string, number> {
    return this.sandbox.requests.all;
  }

  @Delete('requests')
  @HttpCode(204)
  resetRequests(): void {
    this.sandbox.requests.reset();
  }

  @Post('synthetic')
  @HttpCode(204)
  synthetic(@Body({ schema: syntheticSchema }) body: SyntheticBody): void {
    const { crls, clock } = this.sandbox;
    crls.setSynthetic(body.hierarchy, body.generation, body.municipality, body.entries, clock.now());
  }

  @Post('synthetic-national')
  @HttpCode(200)
  national(@Body({ schema: nationalSchema }) body: NationalBody): NationalDay {
    const { national, clock } = this.sandbox;
    return national.publish(body.partitions, body.entries_per_partition, clock.now());
  }

  @Post('synthetic-national/next-day')
  @HttpCode(200)
  nextDay(): NationalDay {
    const day = this.sandbox.national.nextDay(this.sandbox.clock.now());
    if (day === undefined) throw new SandboxError('bad_request', 'there is no national set');
    return day;
  }
}
