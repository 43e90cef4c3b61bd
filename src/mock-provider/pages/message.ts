import { eta, page } from "./layout.ts";

const TEMPLATE = `<main class="center"><div class="card"><h1><%= it.title %></h1><p class="soft"><%= it.text %></p>
<% if (it.link) { %><p><a href="<%= it.link.href %>"><%= it.link.text %></a></p><% } %></div></main>`;

/** A page that says one thing. */
export const messagePage = (title: string, text: string, link: { href: string; text: string } | null) =>
  page(title, eta.renderString(TEMPLATE, { title, text, link }));
