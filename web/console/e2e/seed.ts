import { send, type Demo, type DemoUser } from './demo.js';
import { dig, list, text } from './json.js';

export interface Administrator {
  readonly login: string;
  readonly password: string;
}

const CABINS = 8;
const PASSWORD = 'nove gatos na varanda';
const HEADER = 'prefix,destination,rate_per_minute,connection_fee,initial_increment,increment';
const COSTS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'].map((digit) => `${digit},World,0.01,0,1,1`);
const PRICES = [
  '351,Portugal,0.9,0,1,1',
  '34,Spain,0.9,0,1,1',
  '39,Italy,0.9,0,1,1',
  '44,United Kingdom,0.9,0,1,1',
  '81,Japan,1.5,0,1,1',
  '54,Argentina,0.6,0,1,1',
];

/** A logged-in user of the API. */
class Person {
  readonly #http: string;
  readonly token: string;

  private constructor(http: string, token: string) {
    this.#http = http;
    this.token = token;
  }

  static async enter(http: string, login: string, password: string): Promise<Person> {
    const document = 'mutation($input: LoginInput!) { login(input: $input) { accessToken userErrors { code } } }';
    const answer = await send(http, null, document, { input: { login, password } });
    return new Person(http, text(answer, 'data', 'login', 'accessToken'));
  }

  /** Runs a mutation and returns its payload. The name of the input's type follows from the mutation's name. */
  async change(field: string, input: Readonly<Record<string, unknown>>, selection: string): Promise<unknown> {
    const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input!`;
    const document = `mutation($input: ${type}) { ${field}(input: $input) { ${selection} userErrors { code message } } }`;
    const answer = await send(this.#http, this.token, document, { input });
    const errors = list(answer, 'data', field, 'userErrors');
    if (errors.length > 0) throw new Error(`${field}: ${JSON.stringify(errors)}`);
    return dig(answer, 'data', field);
  }

  /** Creates a tariff with these rates, and assigns it to an account. */
  async setPrices(accountId: string, kind: 'COST' | 'RETAIL', rates: readonly string[]): Promise<void> {
    const tariff = await this.change('createTariff', { name: `${kind} ${accountId.slice(-6)}`, currency: 'BRL' }, 'tariff { id }');
    const tariffId = text(tariff, 'tariff', 'id');
    const draft = await this.change('importTariff', { tariffId, csv: [HEADER, ...rates].join('\n') }, 'version { id }');
    await this.change('activateTariffVersion', { versionId: text(draft, 'version', 'id') }, 'version { state }');
    await this.change('assignTariff', { accountId, tariffId, kind }, 'account { id }');
  }

  async topUp(accountId: string, amount: string): Promise<void> {
    await this.change('topUp', { accountId, amount: { amount, currency: 'BRL' }, idempotencyKey: accountId.slice(-40) }, 'balance { amount }');
  }
}

const user = (name: string) => ({ name, displayName: name.charAt(0).toUpperCase() + name.slice(1), password: PASSWORD });

/** Creates the objects that a demo has: the accounts above a shop, and the shop with its prices, credit, phones, cabins and users. */
export async function seedShop(http: string, administrator: Administrator): Promise<Pick<Demo, 'callshopId' | 'cabinIds' | 'phones' | 'users'>> {
  const admin = await Person.enter(http, administrator.login, administrator.password);
  const place = { name: 'Atlantic', currency: 'BRL', country: 'BR', timeZone: 'America/Sao_Paulo' };
  const above = await admin.change('createDistributor', { ...place, user: user('diana') }, 'account { id } user { login }');
  await admin.setPrices(text(above, 'account', 'id'), 'COST', COSTS);
  await admin.topUp(text(above, 'account', 'id'), '100000');
  const distributor = await Person.enter(http, text(above, 'user', 'login'), PASSWORD);
  const below = await distributor.change('createReseller', { name: 'Paulista', user: user('rui') }, 'account { id } user { login }');
  await distributor.setPrices(text(below, 'account', 'id'), 'COST', COSTS);
  await distributor.topUp(text(below, 'account', 'id'), '5000');
  const reseller = await Person.enter(http, text(below, 'user', 'login'), PASSWORD);
  const made = await reseller.change('createCallshop', { name: 'Callshop Sé', owner: user('olga') }, 'callshop { id } owner { login }');
  const callshopId = text(made, 'callshop', 'id');
  await reseller.setPrices(callshopId, 'COST', COSTS);
  await reseller.setPrices(callshopId, 'RETAIL', PRICES);
  await reseller.topUp(callshopId, '500');
  return { callshopId, ...(await equip(http, reseller, callshopId, text(made, 'owner', 'login'))) };
}

async function equip(
  http: string,
  reseller: Person,
  callshopId: string,
  ownerLogin: string,
): Promise<Pick<Demo, 'cabinIds' | 'phones' | 'users'>> {
  const created = await reseller.change('createPhones', { callshopId, count: CABINS }, 'phones { phone { id sipUser } }');
  const phones = list(created, 'phones');
  const owner = await Person.enter(http, ownerLogin, PASSWORD);
  const cabinIds: string[] = [];
  for (const [index, phone] of phones.entries()) {
    const input = { callshopId, number: index + 1, phoneId: text(phone, 'phone', 'id') };
    cabinIds.push(text(await owner.change('createCabin', input, 'cabin { id }'), 'cabin', 'id'));
  }
  const hired = await owner.change('createUser', { accountId: callshopId, role: 'ATTENDANT', user: user('ana') }, 'user { login }');
  const attendant = await Person.enter(http, text(hired, 'user', 'login'), PASSWORD);
  const users: readonly DemoUser[] = [
    { role: 'CALLSHOP_OWNER', login: ownerLogin, password: PASSWORD, token: owner.token },
    { role: 'ATTENDANT', login: text(hired, 'user', 'login'), password: PASSWORD, token: attendant.token },
  ];
  return { cabinIds, phones: phones.map((phone) => text(phone, 'phone', 'sipUser')), users };
}
