import type { RevocationReason } from './card-record.js';
import type { HolderAttributes } from './certificate-profile.js';
import type { Generation } from './hierarchy.js';

/** Raised when cards are added. Cards of an earlier version never change. */
export const catalogueVersion = 2;

/** PINs of every catalogue card. */
export const CATALOGUE_PINS = { sign: 'TEST1234', auth: '1234' } as const;

export interface CatalogueCard {
  id: string;
  /** Catalogue version that brought the card. */
  since: number;
  plays: string;
  municipality: string;
  holder: HolderAttributes;
  generation: Generation;
  /** Cards that say the same here are one person's. */
  person?: string;
  /** Default: a card. */
  device?: 'phone';
  /** A day in Japan, or days before the catalogue was installed; 0 is the moment of installation. */
  issued: string | number;
  /** Pairs that were on the card before, oldest first: days before installation. Each renewal supersedes the last. */
  earlier?: readonly number[];
  /** Certificates end on this birthday after issue. */
  birthdays: number;
  hasSign: boolean;
  revoked?: { sign?: RevocationReason; auth?: RevocationReason; daysBeforeInstall: number };
}

type HolderFacts = Pick<HolderAttributes, 'name' | 'sex' | 'birthDate' | 'address'> & Partial<HolderAttributes>;

/** Fills the substitution maps: one 0 per character unless given. */
export const holder = (facts: HolderFacts): HolderAttributes => ({
  nameSubstitution: '0'.repeat([...facts.name].length),
  addressSubstitution: '0'.repeat([...facts.address].length),
  ...facts,
});

const taro = holder({
  name: '見本　太郎',
  sex: '1',
  birthDate: '319850412',
  address: '東京都架空区見本町１丁目２番３号',
});
const renewal = holder({ name: '更新　継男', sex: '1', birthDate: '319780219', address: '大阪府見本市更新町４番５号' });

const defaults = { since: 1, generation: '2023', issued: 400, birthdays: 5, hasSign: true } as const;

const holderOfTwo = holder({
  name: '端末　両子',
  sex: '2',
  birthDate: '420000707',
  address: '東京都架空区端末町２０番地',
});
const version2 = { ...defaults, since: 2 };

/** For the services about serials, attributes and consent. */
const LATER_CARDS: readonly CatalogueCard[] = [
  {
    ...version2,
    id: 'renewed-thrice',
    plays: 'Renewed three times: four pairs were on the card, the last one is good.',
    municipality: 'mihon',
    holder: holder({ name: '更新　三郎', sex: '1', birthDate: '319660810', address: '大阪府見本市更新町１５番地' }),
    earlier: [1300, 900, 500],
    issued: 100,
    birthdays: 6,
  },
  {
    ...version2,
    id: 'fresh',
    plays: 'Renewed at the moment of installation: the new pair cannot be linked for ninety minutes.',
    municipality: 'kakuu',
    holder: holder({ name: '新規　芽衣', sex: '2', birthDate: '419970125', address: '東京都架空区新規町１６番地' }),
    earlier: [1200],
    issued: 0,
    birthdays: 6,
  },
  {
    ...version2,
    id: 'seed-story',
    plays: 'Signed up five years ago with its first pair; renewed 30 days before installation.',
    municipality: 'reidai',
    holder: holder({ name: '口座　開', sex: '1', birthDate: '319820506', address: '北海道例題町字口座１７番地' }),
    earlier: [1826],
    issued: 30,
    birthdays: 6,
  },
  {
    ...version2,
    id: 'moved-abroad',
    plays: 'Moved abroad and kept the card: the address says so, both certificates are good.',
    municipality: 'shiken',
    holder: holder({ name: '渡航　遥', sex: '2', birthDate: '319871009', address: '国外転出（架空国）' }),
    issued: 90,
  },
  {
    ...version2,
    id: 'phone-owner',
    plays: 'The card of somebody who also has certificates on a telephone; those are card phone.',
    person: 'phone-owner',
    municipality: 'kakuu',
    holder: holderOfTwo,
  },
  {
    ...version2,
    id: 'phone',
    plays: 'The pair on the telephone of the holder of card phone-owner.',
    person: 'phone-owner',
    device: 'phone',
    municipality: 'kakuu',
    holder: holderOfTwo,
    issued: 120,
    birthdays: 4,
  },
  {
    ...version2,
    id: 'consent-withdrawn',
    plays: 'Withdraws every consent to the delivery of attributes ten minutes after it was registered.',
    municipality: 'mihon',
    holder: holder({ name: '撤回　潔', sex: '1', birthDate: '319910228', address: '大阪府見本市撤回町１８番地' }),
  },
];

/** In order of serial numbers. All holders and places are invented. */
export const CATALOGUE: readonly CatalogueCard[] = [
  {
    ...defaults,
    id: 'adult-expired-2015',
    plays: 'Certificates of the 2015 CA generation; certificates and CA have expired.',
    municipality: 'kakuu',
    holder: holder({ name: '期限　古男', sex: '1', birthDate: '319600705', address: '東京都架空区期限町１番１号' }),
    generation: '2015',
    issued: '2016-03-01',
  },
  {
    ...defaults,
    id: 'expired',
    plays: 'Certificates have expired; their CA of the 2019 generation has not.',
    municipality: 'mihon',
    holder: holder({ name: '満了　花子', sex: '2', birthDate: '319700520', address: '大阪府見本市満了町２番２号' }),
    generation: '2019',
    issued: '2020-02-10',
  },
  {
    ...defaults,
    id: 'adult-valid-2019',
    plays: 'A valid adult whose certificates come from the 2019 CA generation.',
    municipality: 'reidai',
    holder: holder({ name: '例題　二郎', sex: '1', birthDate: '319720601', address: '北海道例題町字例題３番地' }),
    generation: '2019',
    issued: '2023-06-15',
  },
  {
    ...defaults,
    id: 'adult-valid',
    plays: 'A valid adult; nothing is wrong with this card.',
    municipality: 'kakuu',
    holder: taro,
  },
  {
    ...defaults,
    id: 'demo',
    plays: 'A valid adult, to be revoked by whoever tries the system.',
    municipality: 'kakuu',
    holder: holder({ name: '試用　桜', sex: '2', birthDate: '419930903', address: '東京都架空区試用町５丁目６番７号' }),
    issued: 200,
  },
  {
    ...defaults,
    id: 'moved',
    plays: 'Moved house: the sign certificate was revoked as affiliationChanged, the auth certificate is good.',
    municipality: 'mihon',
    holder: holder({ name: '転居　実', sex: '1', birthDate: '319881130', address: '大阪府見本市旧町８番９号' }),
    revoked: { sign: 'affiliationChanged', daysBeforeInstall: 30 },
  },
  {
    ...defaults,
    id: 'renewed-old',
    plays: 'The pair before a renewal: both certificates superseded. The pair after it is card renewed-new.',
    person: 'renewed',
    municipality: 'mihon',
    holder: renewal,
    issued: 700,
    revoked: { sign: 'superseded', auth: 'superseded', daysBeforeInstall: 60 },
  },
  {
    ...defaults,
    id: 'renewed-new',
    plays: 'The pair after a renewal, valid. The pair before it is card renewed-old, of the same person.',
    person: 'renewed',
    municipality: 'mihon',
    holder: renewal,
    issued: 60,
    birthdays: 6,
  },
  {
    ...defaults,
    id: 'deceased',
    plays: 'The holder died: both certificates revoked as affiliationChanged.',
    municipality: 'reidai',
    holder: holder({ name: '故人　一', sex: '1', birthDate: '319350101', address: '北海道例題町字故郷１番地' }),
    revoked: { sign: 'affiliationChanged', auth: 'affiliationChanged', daysBeforeInstall: 20 },
  },
  {
    ...defaults,
    id: 'card-lost',
    plays: 'Card lost: both certificates revoked as cessationOfOperation.',
    municipality: 'kakuu',
    holder: holder({ name: '紛失　結', sex: '2', birthDate: '420010815', address: '東京都架空区紛失町９番地' }),
    revoked: { sign: 'cessationOfOperation', auth: 'cessationOfOperation', daysBeforeInstall: 10 },
  },
  {
    ...defaults,
    id: 'on-hold',
    plays: 'Stopped by the holder: both certificates on certificateHold, which is final in JPKI.',
    municipality: 'shiken',
    holder: holder({ name: '停止　守', sex: '1', birthDate: '419950303', address: '沖縄県試験村字停止１０番地' }),
    revoked: { sign: 'certificateHold', auth: 'certificateHold', daysBeforeInstall: 2 },
  },
  {
    ...defaults,
    id: 'minor',
    plays: 'A holder under 15: auth certificate only.',
    municipality: 'shiken',
    holder: holder({ name: '試験　小春', sex: '2', birthDate: '520190615', address: '沖縄県試験村字試験１１番地' }),
    hasSign: false,
  },
  {
    ...defaults,
    id: 'rare-kanji',
    plays:
      'Characters outside the certificate set: U+20BB7 and U+9AD9 in the name, U+FA11 in the address are substituted.',
    municipality: 'kakuu',
    holder: holder({
      name: '吉見　高志',
      nameSubstitution: '10010',
      sex: '1',
      birthDate: '319640229',
      address: '東京都架空区崎町１２番地',
      addressSubstitution: '000000100000',
    }),
  },
  {
    ...defaults,
    id: 'birthdate-incomplete',
    plays: 'Of the birth date only the era (Heisei) is known.',
    municipality: 'reidai',
    holder: holder({ name: '不詳　元', sex: '3', birthDate: '400000000', address: '北海道例題町字不詳１３番地' }),
  },
  {
    ...defaults,
    id: 'birthdate-year-only',
    plays: 'Of the birth date only era and year (Showa, 1950) are known.',
    municipality: 'reidai',
    holder: holder({ name: '不詳　年子', sex: '2', birthDate: '319500000', address: '北海道例題町字不詳１４番地' }),
  },
  ...LATER_CARDS,
];
