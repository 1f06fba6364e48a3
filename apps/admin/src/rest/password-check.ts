import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import passport from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import { type FirstProof, SignIn } from '#lib/operators';
import { originOf } from './session-gate.js';

/** What Passport and its strategies read of a request, which is Express's there and Fastify's here. */
type PassportRequest = Parameters<ReturnType<passport.Authenticator['authenticate']>>[0];

/**
 * Address and password by Passport's local strategy. Sessions are ours: Passport's would live in its own store, without
 * limits, rotation or an end in the database.
 */
@Injectable()
export class PasswordCheck {
  private readonly passport = new passport.Passport();

  constructor(@Inject(SignIn) private readonly signIn: SignIn) {
    this.passport.use(
      new LocalStrategy(
        { usernameField: 'email', passwordField: 'password', session: false, passReqToCallback: true },
        (request, email, password, done) => {
          const origin = originOf(request as unknown as FastifyRequest);
          this.signIn.checkPassword(email, password, origin).then(
            (proof) => done(null, proof),
            (error: unknown) => done(error),
          );
        },
      ),
    );
  }

  /** The operator of the address and password in the body. @throws Problem `sign_in_refused`, `sign_in_blocked`. */
  check(request: FastifyRequest): Promise<FirstProof> {
    return new Promise((resolve, reject) => {
      const settle = (error: unknown, user?: FirstProof | false | null): void => {
        if (error instanceof Error) reject(error);
        else if (user) resolve(user);
        else reject(new Error('the strategy gave neither an operator nor a refusal'));
      };
      const authenticate = this.passport.authenticate('local', { session: false }, settle) as (
        request: PassportRequest,
        response: unknown,
        next: (error?: unknown) => void,
      ) => void;
      authenticate(request, {}, (error) => settle(error));
    });
  }
}
