// What every new part of the page needs. Others say what that is, so that nobody needs to know all of them.
const needs = [];
export const needed = (need) => needs.push(need);
export const ready = (part) => { for (const need of needs) need(part); };
