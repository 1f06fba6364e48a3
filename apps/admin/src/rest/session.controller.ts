import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { renderSVG } from 'uqr';
import type { z } from 'zod';
import { type OperatorSession, OperatorSessions, SignIn } from '#lib/operators';
import { Clock, Problem } from '#lib/platform';
import { Answers } from './contract.js';
import { PasswordCheck } from './password-check.js';
import {
  codeRequest,
  completedAnswer,
  enrolmentAnswer,
  type PasswordBody,
  passwordRequest,
  recoveryCodesAnswer,
  type SecondFactorBody,
  secondFactorRequest,
  type SessionAnswer,
  sessionAnswer as sessionSchema,
  signInRequest,
} from './schemas.js';
import { SessionAnswers } from './session-answer.js';
import { clearedCookie, sessionCookie } from './session-cookie.js';
import { originOf, sessionOf } from './session-gate.js';
import { FirstFactor, Open, Session, SignedIn } from './session.guard.js';
import { PUBLIC_URL } from './settings.js';

/** From a stranger to an operator, and back. */
@ApiTags('session')
@Controller('v1')
export class SessionController {
  constructor(
    @Inject(SignIn) private readonly signIn: SignIn,
    @Inject(OperatorSessions) private readonly sessions: OperatorSessions,
    @Inject(PasswordCheck) private readonly passwordCheck: PasswordCheck,
    @Inject(SessionAnswers) private readonly answers: SessionAnswers,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Post('session')
  @Open()
  @ApiOperation({ operationId: 'signIn', summary: 'Show address and password' })
  @Answers(201, sessionSchema, [400, 401, 403, 413, 415, 429, 503])
  async create(
    @Req() request: FastifyRequest,
    @Body({ schema: signInRequest }) _body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionAnswer> {
    const proof = await this.passwordCheck.check(request);
    const token = await this.signIn.openFirst(proof, this.clock.now('live'), originOf(request), sessionOf(request));
    return this.answers.of(await this.goOn(token, reply));
  }

  @Post('session/enrolment')
  @FirstFactor()
  @ApiOperation({
    operationId: 'beginEnrolment',
    summary: 'Get a secret for an authenticator',
    description: 'A first code completes the enrolment. Asking again replaces the secret.',
  })
  @Answers(201, enrolmentAnswer, [401, 403, 409, 503])
  async enrol(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
  ): Promise<z.output<typeof enrolmentAnswer>> {
    const { uri } = await this.signIn.beginEnrolment(session, originOf(request));
    const svg = renderSVG(uri, { ecc: 'M', border: 4 });
    return { uri, qr: `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}` };
  }

  @Post('session/second-factor')
  @HttpCode(200)
  @FirstFactor()
  @ApiOperation({ operationId: 'showSecondFactor', summary: 'Show the second factor' })
  @Answers(200, completedAnswer, [400, 401, 403, 413, 415, 429, 503])
  async complete(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Body({ schema: secondFactorRequest }) body: SecondFactorBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof completedAnswer>> {
    const factor = body.code === undefined ? { recoveryCode: body.recovery_code! } : { code: body.code };
    const done = await this.signIn.complete(session, factor, this.clock.now('live'), originOf(request));
    return {
      session: await this.answers.of(await this.goOn(done.token, reply)),
      ...(done.recoveryCodes ? { recovery_codes: done.recoveryCodes } : {}),
    };
  }

  @Delete('session')
  @HttpCode(204)
  @FirstFactor()
  @ApiOperation({ operationId: 'signOut', summary: 'End the session' })
  @Answers(204, undefined, [401, 403, 503])
  async delete(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    await this.signIn.signOut(session, originOf(request));
    void reply.header('set-cookie', clearedCookie(this.publicUrl));
  }

  @Get('me')
  @FirstFactor()
  @ApiOperation({ operationId: 'getMe', summary: 'Who is signed in, and what is to be done next' })
  @Answers(200, sessionSchema, [401, 503])
  me(@Session() session: OperatorSession): Promise<SessionAnswer> {
    return this.answers.of(session);
  }

  @Post('me/password')
  @HttpCode(200)
  @SignedIn()
  @ApiOperation({
    operationId: 'changePassword',
    summary: 'Set an own password',
    description: 'Ends all other sessions; this one goes on.',
  })
  @Answers(200, sessionSchema, [400, 401, 403, 413, 415, 422, 429, 503])
  async changePassword(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Body({ schema: passwordRequest }) body: PasswordBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionAnswer> {
    const passwords = { current: body.current_password, next: body.new_password };
    const token = await this.signIn.changePassword(session, passwords, this.clock.now('live'), originOf(request));
    return this.answers.of(await this.goOn(token, reply));
  }

  @Post('me/recovery-codes')
  @SignedIn()
  @ApiOperation({
    operationId: 'renewRecoveryCodes',
    summary: 'Get new recovery codes',
    description: 'Against a code of the authenticator; the old ones are void.',
  })
  @Answers(201, recoveryCodesAnswer, [400, 401, 403, 413, 415, 429, 503])
  async renewRecoveryCodes(
    @Req() request: FastifyRequest,
    @Session() session: OperatorSession,
    @Body({ schema: codeRequest }) body: z.output<typeof codeRequest>,
  ): Promise<z.output<typeof recoveryCodesAnswer>> {
    const now = this.clock.now('live');
    return { recovery_codes: await this.signIn.renewRecoveryCodes(session, body.code, now, originOf(request)) };
  }

  /** The session behind a new token, whose cookie goes out with the answer. */
  private async goOn(token: string, reply: FastifyReply): Promise<OperatorSession> {
    const session = await this.sessions.find(token, this.clock.now('live'));
    if (!session) throw new Problem('session_missing');
    void reply.header('set-cookie', sessionCookie(this.publicUrl, token));
    return session;
  }
}
