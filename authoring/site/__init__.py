"""The course as pages for any browser: from built notebooks to out/site."""
