"""The screens. Each asks the pure functions of ``tui.view`` for rows and puts them where ``tui.view.layout`` says."""
