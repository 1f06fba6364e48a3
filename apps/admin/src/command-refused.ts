/** A command that cannot be carried out as given; one line tells why. */
export class CommandRefused extends Error {
  override readonly name: string = 'CommandRefused';
}
