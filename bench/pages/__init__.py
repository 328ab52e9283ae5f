"""What pages cost the calls, and how soon a page is there (``python -m bench.pages``)."""
