"""How the platform is put onto machines. Nothing under services/ or shared/ imports from here."""
