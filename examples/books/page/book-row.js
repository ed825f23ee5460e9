const template = document.getElementById('book');

/** A book in the list, with its form. Everything is set as text: a title cannot be HTML. */
export function bookRow(book, { save, remove }) {
  const element = template.content.firstElementChild.cloneNode(true);
  const find = (selector) => element.querySelector(selector);
  const shown = find('.shown');
  const form = find('form');
  const edit = find('.edit');
  let current;

  const row = {
    element,
    get title() {
      return current.title;
    },
    show(book) {
      current = book;
      find('.title').textContent = book.title;
      find('.author').textContent = book.author;
      for (const part of [edit, form]) part.setAttribute('aria-label', `Edit ${book.title}`);
      find('.remove').setAttribute('aria-label', `Remove ${book.title}`);
    },
    flash() {
      element.classList.remove('changed');
      // Asking for the layout lets the same animation start anew.
      void element.offsetWidth;
      element.classList.add('changed');
    },
  };

  function editing(on) {
    shown.hidden = on;
    form.hidden = !on;
    if (on) {
      form.elements.title.value = current.title;
      form.elements.author.value = current.author;
      form.elements.title.select();
    } else {
      edit.focus();
    }
  }

  async function submit(changed) {
    if (await save(changed)) editing(false);
  }

  element.dataset.id = book.id;
  row.show(book);
  edit.addEventListener('click', () => editing(true));
  find('.remove').addEventListener('click', remove);
  find('.cancel').addEventListener('click', () => editing(false));
  form.addEventListener('keydown', ({ key }) => key === 'Escape' && editing(false));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void submit(Object.fromEntries(new FormData(form)));
  });
  return row;
}
