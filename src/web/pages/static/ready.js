// Prepares every new part of a page. Other scripts register what to do, so that no script has to know all of them.
const needs = [];
export const needed = (need) => needs.push(need);
export const ready = (part) => { for (const need of needs) need(part); };
