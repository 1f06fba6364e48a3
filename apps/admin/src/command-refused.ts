import { OperatorMustAct } from '#lib/platform';

/** A command that cannot be carried out as given; one line tells why. */
export class CommandRefused extends OperatorMustAct {
  override readonly name: string = 'CommandRefused';
}
