'use strict';

const kept = 24;
const form = document.getElementById('form');
const files = document.getElementById('files');
const drop = document.getElementById('drop');
const status = document.getElementById('status');
const results = document.getElementById('results');
const card = document.getElementById('card');

files.addEventListener('change', () => {
  scoreAll([...files.files]);
  form.reset();
});

// Anywhere on the page: a picture that misses the box should not replace the page.
document.addEventListener('dragover', event => {
  event.preventDefault();
  drop.classList.add('over');
});
document.addEventListener('dragleave', event => {
  if (!event.relatedTarget) drop.classList.remove('over');
});
document.addEventListener('drop', event => {
  event.preventDefault();
  drop.classList.remove('over');
  scoreAll([...event.dataTransfer.files]);
});

async function scoreAll(chosen) {
  if (chosen.length === 0) return;
  const some = chosen.slice(0, kept);
  say(`Scoring ${count(some.length)} …`);
  const verdicts = await Promise.all(some.map(score));
  const odd = verdicts.filter(verdict => verdict === 'odd').length;
  const refused = verdicts.filter(verdict => verdict === 'refused').length;
  const left = chosen.length - some.length;
  say(`${count(some.length)}: ${some.length - odd - refused} normal, ${odd} anomalous, ${refused} refused.`
    + (left > 0 ? ` ${left} more were left out; ${kept} at a time.` : ''));
}

/** Scores a file and fills its card; resolves to 'normal', 'odd' or 'refused'. */
async function score(file) {
  const item = addCard(file);
  try {
    const body = new FormData();
    body.append('picture', file, 'picture');
    const response = await fetch('/score', { method: 'POST', body });
    const answer = await response.json();
    return response.ok ? showVerdict(item, answer) : showRefusal(item, answer.detail ?? answer.title);
  } catch {
    return showRefusal(item, 'The service did not answer.');
  }
}

function addCard(file) {
  const item = card.content.firstElementChild.cloneNode(true);
  item.querySelector('h2').textContent = file.name; // as text: a name may look like markup
  const upload = item.querySelector('.upload');
  upload.alt = 'The picture as uploaded';
  upload.src = URL.createObjectURL(file);
  upload.addEventListener('error', () => { upload.parentElement.hidden = true; });
  results.prepend(item);
  while (results.children.length > kept) {
    URL.revokeObjectURL(results.lastElementChild.querySelector('.upload').src);
    results.lastElementChild.remove();
  }
  return item;
}

function showVerdict(item, answer) {
  const verdict = answer.isAnomaly ? 'odd' : 'normal';
  item.classList.add(verdict);
  item.querySelector('.verdict').textContent = answer.isAnomaly ? '⚠ Anomaly' : '✓ Normal';
  item.querySelector('.score').textContent = figure(answer.score);
  item.querySelector('.threshold').textContent = figure(answer.threshold);
  item.querySelector('.p-value').textContent = figure(answer.pValue);
  item.querySelector('.size').textContent = `${answer.width} × ${answer.height}`;
  const map = item.querySelector('.map');
  map.alt = 'The picture as the detector saw it, red where it is odd';
  map.src = answer.map;
  item.querySelector('.seen').hidden = false;
  item.querySelector('dl').hidden = false;
  return verdict;
}

function showRefusal(item, reason) {
  item.classList.add('refused');
  item.querySelector('.verdict').textContent = `Refused: ${reason}`;
  return 'refused';
}

function figure(value) {
  return typeof value === 'number' ? value.toPrecision(4) : value; // "Infinity" comes as text
}

function count(pictures) {
  return pictures === 1 ? '1 picture' : `${pictures} pictures`;
}

function say(text) {
  status.textContent = text;
}
