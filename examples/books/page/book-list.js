import { bookRow } from './book-row.js';

const list = document.getElementById('books');
const form = document.getElementById('add');
const problem = document.getElementById('problem');
const news = document.getElementById('news');

/** The list of books on the page, the newest first; `actions` are what a visitor can do. */
export function bookList(actions) {
  const rows = new Map();

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void add(Object.fromEntries(new FormData(form)));
  });

  async function add(book) {
    if (!(await attempt(() => actions.add(book)))) return;
    form.reset();
    form.elements.title.focus();
  }

  function put(book) {
    const known = rows.get(book.id);
    if (known) {
      known.show(book);
      return;
    }
    const row = bookRow(book, {
      save: (changed) => attempt(() => actions.change(book.id, changed)),
      remove: () => attempt(() => actions.remove(book.id)),
    });
    rows.set(book.id, row);
    const older = [...list.children].find((item) => Number(item.dataset.id) < book.id);
    list.insertBefore(row.element, older ?? null);
  }

  function take(id) {
    const { element } = rows.get(id);
    rows.delete(id);
    // Who was working with this row goes on with its neighbour.
    const neighbour = element.nextElementSibling ?? element.previousElementSibling;
    const focused = element.contains(document.activeElement);
    element.remove();
    if (focused) (neighbour?.querySelector('.edit') ?? form.elements.title).focus();
  }

  function count() {
    document.getElementById('count').textContent = `(${rows.size})`;
    document.getElementById('empty').hidden = rows.size > 0;
  }

  return {
    /** Shows these books and no others. */
    reset(books) {
      const kept = new Set(books.map(({ id }) => id));
      for (const id of rows.keys()) if (!kept.has(id)) take(id);
      for (const book of books) put(book);
      count();
    },
    /** Shows a change as the stream tells it: the book as it is now, or that it is gone. */
    apply(change) {
      if (!Number.isInteger(change?.id)) return;
      const row = rows.get(change.id);
      if (change.deleted) {
        if (!row) return;
        news.textContent = `Removed: ${row.title}`;
        take(change.id);
      } else if (typeof change.title === 'string') {
        news.textContent = `${row ? 'Changed' : 'Added'}: ${change.title}`;
        put(change);
        rows.get(change.id).flash();
      }
      count();
    },
  };
}

/** Whether it succeeded; why not is shown. */
async function attempt(action) {
  problem.hidden = true;
  try {
    await action();
    return true;
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
    return false;
  }
}
