import { useMemo } from 'react';
import { parseMoney, type Money } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { readDestination, type Destination } from '../lib/country.js';
import { calendarDate, count, dateAndTime, decimal, percent, percentage, timeOfDay } from '../lib/format.js';
import { cash, exact, moneyOf, roundCash, typedAmount } from '../lib/money.js';
import { useViewer } from './context.js';
import { useSettings } from './settings.js';

export interface Format {
  readonly locale: string;
  readonly timeZone: string;
  readonly cash: (money: Money) => string;
  readonly roundCash: (money: Money) => string;
  readonly exact: (money: Money) => string;
  /** An amount with a minus sign, for discounts and refunds. */
  readonly minus: (money: Money) => string;
  readonly typed: (micros: bigint, currency: string) => string;
  readonly time: (instant: string) => string;
  readonly dateTime: (instant: string) => string;
  readonly date: (date: string) => string;
  readonly count: (value: number) => string;
  readonly decimal: (value: string) => string;
  readonly percent: (ratio: string | null) => string;
  readonly percentage: (value: string) => string;
  /** `country` is the server's country code; null if the server gives none. */
  readonly destination: (destination: string, country: string | null) => Pick<Destination, 'country' | 'name' | 'detail'>;
}

/** Amounts, times and names in the reader's language and the shop's time zone. */
export function useFormat(): Format {
  const { t } = useTranslation();
  const { language: locale } = useSettings();
  const { timeZone } = useViewer().account;
  return useMemo(
    () => ({
      locale,
      timeZone,
      cash: (money) => cash(money, locale),
      roundCash: (money) => roundCash(money, locale),
      exact: (money) => exact(money, locale),
      minus: (money) => exact(moneyOf(-parseMoney(money), money.currency), locale),
      typed: (micros, currency) => typedAmount(micros, locale, currency),
      time: (instant) => timeOfDay(instant, locale, timeZone),
      dateTime: (instant) => dateAndTime(instant, locale, timeZone),
      date: (date) => calendarDate(date, locale),
      count: (value) => count(value, locale),
      decimal: (value) => decimal(value, locale),
      percent: (ratio) => percent(ratio, locale),
      percentage: (value) => percentage(value, locale),
      destination: (destination, countryCode) => {
        const { country, name, mobile, detail } = readDestination(destination, countryCode, locale);
        return { country, name, detail: [mobile ? t('place.mobile') : '', detail].filter((part) => part !== '').join(' · ') };
      },
    }),
    [locale, timeZone, t],
  );
}
