import type { Message } from './message';

/** Where the rates that an installation begins with come from. The database has them in English, as written here. */
export const sources = {
  jlis_2016: { ja: 'J-LISの手数料（2022年末まで）', en: 'Fees of J-LIS until the end of 2022' },
  jlis_2023: {
    ja: 'J-LISの手数料（2023年以降。OCSPは当分の間）',
    en: 'Fees of J-LIS from 2023 on, OCSP for the time being',
  },
  jlis_attributes: {
    ja: 'J-LISの手数料（2023年5月からの最新の基本4情報の提供を含む）',
    en: 'Fees of J-LIS with the latest attributes, since May 2023',
  },
  tax_1989: { ja: '消費税法（1989年）', en: 'Consumption Tax Act, 1989' },
  tax_1997: {
    ja: '消費税法（1997年時点。地方消費税を含む）',
    en: 'Consumption Tax Act as of 1997, local tax included',
  },
  tax_2014: {
    ja: '消費税法（2014年時点。地方消費税を含む）',
    en: 'Consumption Tax Act as of 2014, local tax included',
  },
  tax_2019: {
    ja: '消費税法（2019年時点。地方消費税を含む）',
    en: 'Consumption Tax Act as of 2019, local tax included',
  },
} satisfies Record<string, Message>;
