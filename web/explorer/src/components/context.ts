import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Observable } from '../observable';
import type { Services } from '../services';

/** GraphiQL's plugins take no properties, so they get the services from this context. */
export const ServicesContext = createContext<Services | null>(null);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (services === null) {
    throw new Error('The component is outside of the page.');
  }
  return services;
}

export function useObservable<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.get);
}
