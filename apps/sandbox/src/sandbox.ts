import { Authorities } from './authorities.js';
import { CardRegistry } from './card-registry.js';
import { CrlPublisher } from './crl-publisher.js';
import { Faults } from './faults.js';
import { ConsentRegister } from './jlis/consent-register.js';
import { JlisDesk } from './jlis/jlis-desk.js';
import { JlisRequestLog } from './jlis/jlis-request-log.js';
import { JlisSwitches } from './jlis/jlis-switches.js';
import { openJlisTls, type JlisTls } from './jlis/jlis-tls.js';
import { NationalSet } from './national-set.js';
import { OcspResponder } from './ocsp-responder.js';
import { RequestCounts } from './request-counts.js';
import { Responders } from './responders.js';
import { SandboxClock } from './sandbox-clock.js';
import { SerialCounters } from './serial-counters.js';
import { StateStore } from './state-store.js';

export interface SandboxOptions {
  stateDirectory: string;
  /** Where certificates say this sandbox is; without a slash at the end. */
  publicUrl: string;
  /** One more name or address under which the J-LIS services are reached. */
  jlisHost?: string | undefined;
}

/** Everything behind the HTTP interface. */
export class Sandbox {
  readonly faults = new Faults();
  readonly requests = new RequestCounts();

  private constructor(
    readonly clock: SandboxClock,
    readonly authorities: Authorities,
    readonly cards: CardRegistry,
    readonly crls: CrlPublisher,
    readonly ocsp: OcspResponder,
    readonly national: NationalSet,
    readonly desk: JlisDesk,
    readonly consents: ConsentRegister,
    readonly jlisSwitches: JlisSwitches,
    readonly jlisLog: JlisRequestLog,
    readonly jlisTls: JlisTls,
  ) {}

  /** Opens the state directory; fills an empty one with CAs and the catalogue. One process at a time. */
  static async open({ stateDirectory, publicUrl, jlisHost }: SandboxOptions): Promise<Sandbox> {
    const store = new StateStore(stateDirectory);
    const clock = new SandboxClock(store);
    const serials = new SerialCounters(store);
    const authorities = await Authorities.open(store);
    const cards = new CardRegistry(store, authorities, serials, `${publicUrl}/ocsp/auth`);
    cards.installCatalogue(clock.now());
    const national = new NationalSet(store);
    const crls = new CrlPublisher(store, authorities, cards, national);
    const ocsp = new OcspResponder(authorities, new Responders(store, serials), cards);
    const consents = new ConsentRegister(store);
    const switches = new JlisSwitches(store);
    const desk = new JlisDesk(cards, authorities, consents, switches);
    const log = new JlisRequestLog(store);
    // Connections live by the clock of the machine, not by one that is moved.
    const tls = openJlisTls(store, jlisHost, Date.now());
    return new Sandbox(clock, authorities, cards, crls, ocsp, national, desk, consents, switches, log, tls);
  }
}
