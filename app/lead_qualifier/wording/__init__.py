"""Sentences by language: what the domain found, why a lead is qualified or not, what the engine reports.

Whatever people in marketing and sales read has its sentence here. The command line speaks English; the console's pages
speak English and German, and name no commands (`on_pages`, `german`). Three kinds of text stay English where they are
made: labels and headings of the command line, errors that only operators meet (settings, topics, start-up,
maintenance), and the reasons of dead letters that no definition file shares, because they are stored on topics.
"""
