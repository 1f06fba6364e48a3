import { Module } from '@nestjs/common';
import { Approvals } from './approvals.js';
import { OperatorAccounts } from './operator-accounts.js';
import { OperatorSessions } from './operator-sessions.js';
import { SignIn } from './sign-in.js';

const SERVICES = [Approvals, OperatorAccounts, OperatorSessions, SignIn];

@Module({ providers: SERVICES, exports: SERVICES })
export class OperatorsModule {}
