/** ISO 4217: the active codes with how many decimals their minor unit has (list one, 2024). */
const DECIMALS_2 =
  'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP ' +
  'BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD ' +
  'FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD ' +
  'KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD ' +
  'NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP ' +
  'SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED ' +
  'VES WST XCD XCG YER ZAR ZMW ZWG'
const DECIMALS_0 = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'
const DECIMALS_3 = 'BHD IQD JOD KWD LYD OMR TND'
const DECIMALS_4 = 'CLF UYW'

/** Code to decimals. A currency's place in `CURRENCY_CODES` is its index in columns. */
export const CURRENCY_DECIMALS: ReadonlyMap<string, number> = new Map([
  ...toEntries(DECIMALS_2, 2),
  ...toEntries(DECIMALS_0, 0),
  ...toEntries(DECIMALS_3, 3),
  ...toEntries(DECIMALS_4, 4),
])

/** Every code, in the order of the tables above; stable within a run, not across versions. */
export const CURRENCY_CODES: readonly string[] = [...CURRENCY_DECIMALS.keys()]

function toEntries(codes: string, decimals: number): [string, number][] {
  return codes.split(' ').map(code => [code, decimals])
}
