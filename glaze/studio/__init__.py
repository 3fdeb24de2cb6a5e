"""The page in the browser: a thin skin over jobs, one file a page."""
