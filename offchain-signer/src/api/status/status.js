// Shows what status.json says, every other second.
//
// Some of it is what strangers have put on chain. So everything is put in as text, never as HTML,
// and classes are taken from the tables here, never from what was said.
const EVERY = 2000;
const BARS = 20;
const PATIENCE = 8000;

const PHASES = {
  awaiting_signers: ['Awaiting signers', 'wait'],
  keygen: ['Making the key', 'wait'],
  active: ['Active', 'good'],
  resharing: ['Handing over', 'wait'],
  degraded: ['Degraded', 'bad'],
};
const ROLES = {
  signer: ['Signer', 'good', 'A member of the committee.'],
  relayer: ['Relayer', 'good', 'A validator outside the committee.'],
  expelled: ['Expelled', 'bad', 'A member that has lost its seat.'],
  observer: ['Observer', 'wait', 'Not a validator of this session.'],
};
const ATTEMPTS = {
  keygen: 'Key generation',
  reshare: 'Hand-over',
  aux_info: 'Preparing the next hand-over (auxiliary information)',
};
const FAULTS = {
  unreachable: ['unreachable', 'wait'],
  silent: ['silent', 'wait'],
  misbehaved: ['misbehaved', 'bad'],
  cheated: ['cheated, with proof', 'bad'],
};
// What is drawn of a request, from the stages that the node measures.
const PARTS = [
  ['checks', 'Checks', (s) => (s.body || 0) + (s.decryption || 0) + (s.chain_reads || 0)],
  ['waiting', 'Waiting for a turn', (s) => s.queue || 0],
  ['programs', 'Programs', (s) => s.programs || 0],
  ['opening', 'Asking signers / opening the session', (s) => s.session_setup || 0],
  ['protocol', 'Collecting answers / rounds', (s) => s.protocol || 0],
];

const $ = (id) => document.getElementById(id);

function plain(value) {
  // Control characters, and those that turn text round.
  return String(value ?? '').replace(/\p{C}/gu, '\uFFFD');
}

function say(id, text, kind) {
  const node = $(id);
  const words = plain(text);
  if (node.textContent !== words) node.textContent = words;
  for (const one of ['good', 'wait', 'bad']) node.classList.toggle(one, one === kind);
}

function el(tag, kind, ...children) {
  const node = document.createElement(tag);
  if (kind) node.className = kind;
  for (const child of children) {
    if (child === null || child === undefined) continue;
    node.append(child instanceof Node ? child : plain(child));
  }
  return node;
}

function account(text) {
  const whole = plain(text);
  const node = el('code', '', whole.length > 20 ? `${whole.slice(0, 8)}…${whole.slice(-6)}` : whole);
  node.title = whole;
  return node;
}

const words = (table, key) => (Object.hasOwn(table, key) ? table[key] : [plain(key), '']);
const tag = (text, kind) => el('span', `tag ${kind || ''}`, text);
const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });
const amount = (seconds) => `${Number(seconds).toFixed(2)} s`;
const blocks = (count) => (count === 1 ? '1 block' : `${count} blocks`);

// Builds a part of the page anew only if what it shows has changed: what somebody reads or has
// selected stays where it is.
const shown = {};
function redraw(part, data, draw) {
  const now = JSON.stringify(data);
  if (shown[part] === now) return;
  shown[part] = now;
  draw(data);
}

function left(deadline, best) {
  const more = deadline - best;
  return more >= 0 ? `until block ${deadline}, ${blocks(more)} left` : `late since block ${deadline}`;
}

function glance({ network, node, chain, peers, version }) {
  say('version', version);
  const [phase, kind] = network ? words(PHASES, network.phase) : ['Unknown', 'bad'];
  const paused = network?.paused;
  say('phase', paused ? `${phase}, paused` : phase, paused ? 'bad' : kind);
  const needed = network?.phase === 'awaiting_signers';
  const main = network?.attempts.find((one) => one.kind !== 'aux_info');
  say('phase-more', !network ? 'The chain cannot be read.'
    : needed ? `${network.announced} announced, ${network.needed} needed`
    : main ? left(main.deadline, chain.best) : '');
  const [role, good, meaning] = network ? words(ROLES, node.role) : ['Unknown', 'bad', ''];
  say('role', node.standby ? `${role}, standby` : role, good);
  say('role-more', meaning || '');
  const committee = network?.committee;
  say('generation', committee ? committee.generation : 'None');
  say('generation-more', !committee ? '' : `any ${committee.threshold} of ${committee.members.length} sign${
    node.share ? `; share of ${node.share} in use` : ''}`);
  say('heads', `#${chain.best}`, chain.current ? '' : 'wait');
  say('heads-more', `final #${chain.finalized}${chain.current ? '' : '; behind the network, catching up'}`);
  const lonely = peers.connected < peers.expected;
  say('peers', peers.expected ? `${peers.connected} of ${peers.expected}` : 'None', lonely ? 'bad' : '');
  say('peers-more', peers.expected ? 'connected' : 'Only members need to be connected.');
}

function attempts({ list, best }) {
  $('attempts').hidden = list.length === 0;
  $('attempts-list').replaceChildren(...list.map((attempt) => {
    const done = attempt.parties.filter((party) => party.confirmed).length;
    const [name] = Object.hasOwn(ATTEMPTS, attempt.kind) ? [ATTEMPTS[attempt.kind]] : [plain(attempt.kind)];
    const title = attempt.generation ? `${name} to generation ${attempt.generation}` : name;
    const bar = el('progress');
    bar.max = Math.max(attempt.parties.length, 1);
    bar.value = done;
    bar.setAttribute('aria-label', `${plain(title)}: confirmed`);
    const missing = attempt.parties.filter((party) => !party.confirmed);
    const waits = el('p', '', el('span', 'soft', missing.length ? 'Waits for ' : 'All have confirmed.'));
    missing.forEach((party) => waits.firstChild.append(account(party.account), ' '));
    return el('div', 'attempt',
      el('p', '', el('span', '', `${title}, attempt ${attempt.number}`),
        el('span', 'soft', `${done} of ${attempt.parties.length} confirmed, ${left(attempt.deadline, best)}`)),
      bar, waits);
  }));
}

function person(one, standby) {
  const tags = el('span', 'tags');
  if (one.this_node) tags.append(tag('this node', ''));
  if (one.expelled) tags.append(tag('lost its seat', 'bad'));
  if (one.connected === true) tags.append(tag('connected', 'good'));
  if (one.connected === false) tags.append(tag('not connected', 'bad'));
  if (standby) tags.append(one.prepared ? tag('prepared', 'good') : tag('not prepared', 'wait'));
  return el('li', '', account(one.account),
    el('bdi', 'where', one.endpoint ?? 'has announced no endpoint'), tags);
}

function committee({ members, standbys }) {
  $('committee-none').hidden = members.length > 0;
  const lists = [];
  for (const [title, people, standby] of [['Members', members, false], ['Standbys', standbys, true]]) {
    if (people.length) lists.push(el('h3', '', title), el('ul', 'people', ...people.map((one) => person(one, standby))));
  }
  $('committee').replaceChildren(...lists);
}

function signings(list) {
  $('signings-none').hidden = list.length > 0;
  $('signings').hidden = list.length === 0;
  const rows = list.map((one) => {
    const parts = PARTS.map(([kind, , of]) => [kind, of(one.stages)]);
    const rest = one.seconds - parts.reduce((sum, [, time]) => sum + time, 0);
    return { ...one, parts: [...parts, ['other', Math.max(rest, 0)]] };
  });
  const bars = rows.slice(0, BARS);
  const longest = Math.max(0.01, ...bars.map((row) => row.parts.reduce((sum, [, time]) => sum + time, 0)));
  $('chart').setAttribute('aria-label',
    `The last ${bars.length} signings at this node, the latest first: ${bars.map((row) =>
      `${clock(row.time)} ${plain(row.outcome)} ${amount(row.seconds)}`).join('; ')}`);
  $('chart').replaceChildren(...bars.map((row) => {
    const track = el('span', 'track');
    for (const [kind, time] of row.parts) {
      const piece = el('i', kind);
      piece.style.width = `${(100 * time) / longest}%`;
      track.append(piece);
    }
    return el('div', 'bar', el('span', 'when', clock(row.time)), track, el('span', 'much', amount(row.seconds)),
      row.outcome === 'ok' ? null : el('span', 'why', `✕ ${row.outcome}`));
  }));
  const names = [...PARTS.map(([, name]) => name), 'Other'];
  $('legend').replaceChildren(...PARTS.map(([kind, name]) => el('li', kind, name)), el('li', 'other', 'Other'));
  $('signings-head').replaceChildren(...['Time', 'As', 'Outcome', 'In all', ...names].map((name) => {
    const cell = el('th', '', name);
    cell.scope = 'col';
    return cell;
  }));
  $('signings-rows').replaceChildren(...rows.map((row) => el('tr', '', el('td', '', clock(row.time)),
    el('td', '', row.role), el('td', '', row.outcome), el('td', '', amount(row.seconds)),
    ...row.parts.map(([, time]) => el('td', '', amount(time))))));
}

function chainFaults({ members, challenges, best }) {
  const lost = members.filter((one) => one.expelled);
  $('chain-faults-none').hidden = lost.length + challenges.length > 0;
  $('chain-faults').replaceChildren(
    ...lost.map((one) => el('li', '', account(one.account), tag('lost its seat', 'bad'))),
    ...challenges.map((one) => el('li', '', account(one.account), tag('must show that it is there', 'wait'),
      el('span', 'soft', left(one.deadline, best)))));
}

function faults(list) {
  $('faults-none').hidden = list.length > 0;
  $('faults').replaceChildren(...list.map((one) => {
    const [name, kind] = words(FAULTS, one.kind);
    const when = one.times === 1 ? clock(one.last) : `${one.times} times, ${clock(one.first)} to ${clock(one.last)}`;
    return el('li', '', account(one.account), tag(name, kind), el('span', 'soft', when));
  }));
}

function show(status) {
  const { network, chain } = status;
  const members = network?.committee?.members ?? [];
  glance(status);
  say('key', network?.verifying_key ?? '–');
  redraw('attempts', { list: network?.attempts ?? [], best: chain.best }, attempts);
  redraw('committee', { members, standbys: network?.standbys ?? [] }, committee);
  redraw('signings', status.signings, signings);
  redraw('chain', { members, challenges: network?.challenges ?? [], best: chain.best }, chainFaults);
  redraw('faults', status.faults, faults);
}

let answered = null;
async function poll() {
  try {
    const answer = await fetch('status.json', { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    show(await answer.json());
    answered = Date.now();
    say('live', 'Live', 'good');
  } catch {
    say('live', answered ? `No answer since ${clock(answered / 1000)}` : 'No answer', 'bad');
  }
  setTimeout(poll, document.hidden ? 5 * EVERY : EVERY);
}
poll();
