// oidc-provider (https://github.com/panva/node-oidc-provider), a certified authorization server,
// as the one behind Google's or Microsoft's addresses. It speaks http on loopback; authorization.py
// stands in front of it with TLS, and gives it the whole configuration as one line on stdin.
//
// Ours are the pages on which a person signs in and consents, and /control, which the front does
// not pass on.
import http from 'node:http';
import crypto from 'node:crypto';
import readline from 'node:readline';
import { Provider, interactionPolicy } from 'oidc-provider';

const lines = readline.createInterface({ input: process.stdin });
const setup = JSON.parse(await new Promise((resolve) => { lines.once('line', resolve); }));
lines.on('close', () => process.exit(0)); // the tests have ended

let { settings } = setup;
let people = new Map();
const offline = new Set(); // grants whose next code brings a refresh token
const grantsOf = new Map(); // sub -> ids of grants

const policy = interactionPolicy.base();
policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0);

const escaped = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const html = (title, body) => `<!doctype html><html lang="en"><title>${title}</title><h1>${title}</h1>${body}</html>`;

function shown(ctx, title, body) {
  ctx.type = 'html';
  ctx.body = html(title, body);
}

const provider = new Provider(setup.issuer, {
  clients: setup.clients,
  scopes: setup.scopes,
  claims: setup.claims,
  jwks: setup.jwks,
  routes: setup.routes,
  extraParams: ['access_type', 'include_granted_scopes', 'login_hint', 'domain_hint', 'hd'],
  cookies: { keys: [crypto.randomBytes(32).toString('hex')] },
  conformIdTokenClaims: false, // both put the address into the id_token, beside an access token too
  clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  interactions: { policy, url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (ctx, sub) => people.has(sub) && {
    accountId: sub,
    claims: () => people.get(sub),
  },
  pkce: { required: () => true },
  issueRefreshToken: (ctx, client, source) => {
    if (!setup.is_offline_by_access_type) return source.scopes.has('offline_access');
    return offline.delete(source.grantId);
  },
  rotateRefreshToken: () => settings.rotates,
  revokeGrantPolicy: () => true,
  ttl: {
    AccessToken: () => settings.access_token_s,
    AuthorizationCode: 60,
    DeviceCode: () => settings.device_code_s,
    Grant: 86400,
    IdToken: 3600,
    Interaction: 600,
    RefreshToken: 86400,
    Session: 3600,
  },
  renderError: (ctx, out) => shown(ctx, 'Error', `<p role="alert">${escaped(out.error)}: ${escaped(out.error_description ?? '')}</p>`),
  features: {
    devInteractions: { enabled: false },
    deviceFlow: {
      enabled: true,
      userCodeInputSource: (ctx, form, out, trouble) => shown(ctx, 'Enter the code', `${trouble ? '<p role="alert">That code does not work.</p>' : ''}
        ${form}<button type="submit" form="op.deviceInputForm">Next</button>`),
      userCodeConfirmSource: (ctx, form, client) => shown(ctx, 'Confirm the device', `<p>${escaped(client.clientName ?? client.clientId)}</p>
        ${form}<button type="submit" form="op.deviceConfirmForm">Continue</button>
        <button type="submit" form="op.deviceConfirmForm" name="abort" value="yes">Cancel</button>`),
      successSource: (ctx) => shown(ctx, 'Signed in', '<p>You may close this window.</p>'),
    },
    introspection: { enabled: true, allowedPolicy: (ctx, client) => client.clientId === 'resource-server' },
    revocation: { enabled: true },
    userinfo: { enabled: true },
  },
});
provider.proxy = true;
provider.on('server_error', (ctx, error) => console.error('server_error', error));

// Google takes any port and path on loopback from a desktop app; Microsoft any port.
if (setup.is_any_loopback_path) {
  const registered = provider.Client.prototype.redirectUriAllowed;
  provider.Client.prototype.redirectUriAllowed = function allowed(uri) {
    return registered.call(this, uri)
      || (this.applicationType === 'native' && /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(\/|$)/.test(uri));
  };
}

function page(res, status, title, body) {
  res.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
  res.end(html(title, body));
}

async function formOf(req) {
  let body = '';
  for await (const chunk of req) body += chunk;
  return new URLSearchParams(body);
}

function signInPage(res, params, trouble) {
  page(res, trouble ? 400 : 200, 'Sign in', `${trouble ? `<p role="alert">${trouble}</p>` : ''}
    <form method="post"><input type="hidden" name="prompt" value="login">
    <label>Address <input name="login" value="${escaped(params.login_hint ?? '')}" autofocus></label>
    <button type="submit">Next</button> <button type="submit" name="deny" value="yes">Cancel</button></form>`);
}

function consentPage(res, client, scopes) {
  const rows = scopes.map((scope) => (setup.is_consent_granular && !setup.always_granted.includes(scope)
    ? `<li><label><input type="checkbox" name="scope" value="${escaped(scope)}" checked> ${escaped(scope)}</label></li>`
    : `<li><input type="hidden" name="scope" value="${escaped(scope)}">${escaped(scope)}</li>`));
  page(res, 200, 'Consent', `<p>${escaped(client.clientName ?? client.clientId)} wants to:</p>
    <form method="post"><input type="hidden" name="prompt" value="consent"><ul>${rows.join('')}</ul>
    <button type="submit">Continue</button> <button type="submit" name="deny" value="yes">Cancel</button></form>`);
}

const askedOf = (params) => params.scope.split(' ').filter((scope) => setup.scopes.includes(scope));

// Each consent makes a grant of its own, so that somebody who is asked again can choose anew.
async function grantOf({ session: { accountId }, params }, chosen) {
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  for (const scope of askedOf(params)) {
    if (chosen.includes(scope)) grant.addOIDCScope(scope);
    else grant.rejectOIDCScope(scope);
  }
  const id = await grant.save();
  grantsOf.set(accountId, (grantsOf.get(accountId) ?? new Set()).add(id));
  if (params.access_type === 'offline') offline.add(id);
  return id;
}

async function interaction(req, res) {
  const details = await provider.interactionDetails(req, res);
  const { prompt, params } = details;
  const finish = (result, merge) => provider.interactionFinished(
    req,
    res,
    result,
    { mergeWithLastSubmission: merge },
  );
  if (req.method === 'GET') {
    if (prompt.name !== 'consent') return signInPage(res, params);
    const client = await provider.Client.find(params.client_id);
    return consentPage(res, client, askedOf(params));
  }
  const form = await formOf(req);
  if (form.has('deny')) {
    return finish({ error: 'access_denied', error_description: 'The person declined.' }, false);
  }
  if (prompt.name === 'consent') {
    return finish({ consent: { grantId: await grantOf(details, form.getAll('scope')) } }, true);
  }
  const person = [...people.values()].find((each) => each.login === form.get('login'));
  if (!person) return signInPage(res, params, 'There is no such account.');
  return finish({ login: { accountId: person.sub }, [prompt.name]: { accountId: person.sub } }, true);
}

async function endGrants(sub) {
  for (const id of grantsOf.get(sub) ?? []) {
    for (const kind of ['AccessToken', 'RefreshToken', 'AuthorizationCode', 'DeviceCode']) {
      await provider[kind].revokeByGrantId(id);
    }
    await (await provider.Grant.find(id))?.destroy();
  }
  grantsOf.delete(sub);
}

async function control(req, res) {
  let body = '';
  for await (const chunk of req) body += chunk;
  const order = JSON.parse(body);
  if (order.settings) settings = order.settings;
  if (order.people) people = new Map(order.people.map((each) => [each.sub, each]));
  if (order.end_grants_of) await endGrants(order.end_grants_of);
  res.writeHead(204).end();
}

const callback = provider.callback();
const server = http.createServer(async (req, res) => {
  try {
    if (req.url === '/control') return await control(req, res);
    if (req.url.startsWith('/interaction/')) return await interaction(req, res);
  } catch (error) {
    return page(res, error.statusCode ?? 500, 'Error', `<p>${escaped(error.error_description ?? error.message)}</p>`);
  }
  // The front names the folder under which the address was asked for, such as the tenant's.
  const mount = req.headers['x-mounted-at'] ?? '';
  req.originalUrl = mount + req.url;
  return callback(req, res);
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
