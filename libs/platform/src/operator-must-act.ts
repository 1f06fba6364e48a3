/**
 * The program cannot go on until a person changes something: `message` is one line that says what, and shows no secret.
 * It ends the process without a stack, which would say nothing to whoever started it.
 */
export class OperatorMustAct extends Error {
  override readonly name: string = 'OperatorMustAct';
}
