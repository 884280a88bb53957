import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './workers';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './style.css';
import { App } from './components/App';
import { endpoint } from './http';
import { createServices } from './services';

const root = document.getElementById('root');
if (root === null) {
  throw new Error('The page has no #root.');
}
const services = createServices({ endpoint: endpoint(location), storage: sessionStorage });
createRoot(root).render(
  <StrictMode>
    <App services={services} />
  </StrictMode>,
);
