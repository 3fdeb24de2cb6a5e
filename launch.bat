@echo off
rem Starts Glaze: the studio, or with arguments the command line (launch.bat apply picture.jpg).
rem The first start sets Glaze up in .venv, in this folder; scripts\install.py does that.
setlocal EnableExtensions DisableDelayedExpansion
rem The current folder stays the caller's: the names of pictures are relative to it.
set "HERE=%~dp0"
set "OWN=%HERE%.venv\Scripts\python.exe"
rem Packages of the person's own account or another program's settings must not mix with Glaze's.
set "PYTHONNOUSERSITE=1"
set "PYTHONUTF8=1"
set "PYTHONHOME="
set "PYTHONPATH="

if not exist "%HERE%scripts\install.py" goto incomplete
if not exist "%OWN%" goto setup
"%OWN%" -I "%HERE%scripts\install.py" --check >nul 2>nul
if "%ERRORLEVEL%"=="0" goto start

:setup
set "BASE="
for %%V in (3.13 3.12 3.11) do if not defined BASE call :try py -%%V
for %%N in (python3 python) do if not defined BASE call :try %%N
if not defined BASE goto nopython
%BASE% -I "%HERE%scripts\install.py"
if not "%ERRORLEVEL%"=="0" goto failed

:start
"%OWN%" "%HERE%app.py" %*
if not "%ERRORLEVEL%"=="0" goto failed
exit /b 0

:try
rem A name is not enough: Windows has a python that only opens the Store.
%* -I -c "import ensurepip, ssl, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))" >nul 2>nul
if "%ERRORLEVEL%"=="0" set "BASE=%*"
exit /b 0

:incomplete
echo This folder is not complete. If Glaze is still in its zip file, extract all of it first, 1>&2
echo then start launch.bat from the extracted folder. 1>&2
set "CODE=1"
goto stop

:nopython
echo Glaze needs Python 3.11, 3.12 or 3.13, and found none that works. 1>&2
echo Install the 64-bit Python 3.12 from python.org, then start Glaze again. 1>&2
set "CODE=1"
goto stop

:failed
set "CODE=%ERRORLEVEL%"
:stop
rem Started by a double-click, the window would close over the words above. timeout fails where no key can be pressed.
if "%~1"=="" timeout /t 0 >nul 2>nul && pause
exit /b %CODE%
