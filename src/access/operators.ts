import type { OperatorConfig } from "../config.ts";
import type { Role } from "../domain/role.ts";

/** The people of OPERATORS, who may sign in to the console without an API key. */
export interface Operators {
  /** Every place of a person; none for a stranger. */
  placesOf(address: string): OperatorConfig[];
  /** The same, once for each tenant, with the role that it has there. */
  tenantsOf(address: string): { tenant: string; role: Role }[];
  /** Null for whoever is no operator of this tenant (any more). */
  roleOf(tenant: string, address: string): Role | null;
  any: boolean;
}

export function createOperators(configured: OperatorConfig[]): Operators {
  // Not as approvers are compared: whether sam+x@ is sam@ is for the mail server to know, and here it opens a door.
  const placesOf = (address: string) =>
    configured.filter((operator) => operator.address.toLowerCase() === address.toLowerCase());
  const roleOf = (tenant: string, address: string) =>
    placesOf(address).find((place) => place.tenant === tenant)?.role ?? null;
  return {
    placesOf,
    tenantsOf: (address) =>
      [...new Set(placesOf(address).map(({ tenant }) => tenant))].flatMap((tenant) => {
        const role = roleOf(tenant, address);
        return role === null ? [] : [{ tenant, role }];
      }),
    roleOf,
    any: configured.length > 0,
  };
}
